"""Replays the project's history on a throw-away database, to find what is wrong before it is merged."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dbmate_wrap import sql
from dbmate_wrap.workspace.schema_file import pg_dump_candidates as candidates, schema_text
from dbmate_wrap.dbmate import pins
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.dbmate.client import Dbmate, RunEvents
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import InterruptedRun
from dbmate_wrap.execution.interruption import stopped_error as stopped
from dbmate_wrap.postgres import schema, server_facts
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.process import Terminated
from dbmate_wrap.review.replay_errors import UNTOUCHED, broken_error, lacking
from dbmate_wrap.review.replay_findings import down_incomplete, schema_file, stale_schema_file
from dbmate_wrap.review.replay_progress import Progress
from dbmate_wrap.shadow import replay as replays
from dbmate_wrap.shadow.cache import ReplayCache
from dbmate_wrap.shadow.history_keys import keys
from dbmate_wrap.shadow.replay import Replayed, ReplayPlan
from dbmate_wrap.shadow.scratch import MigrationFailed, ReplayTools
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.sql.batching import batches
from dbmate_wrap.sql.requirements import requirements_of
from dbmate_wrap.workspace import dbmate as runner
from dbmate_wrap.workspace import shadow_server
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.shadow_server import ShadowChoice

# Part of every stamp: another number where dumps are written, or compared, in another way than before.
_FORMAT = 2


def replay(context: Context, files: ProjectFiles, new: frozenset[str]) -> tuple[Finding, ...]:
    """Run the whole history on a throw-away database, and the round trips of `new` (names of files).

    Returns findings of `down-incomplete` and `stale-schema-file`. Raises FailedError with the place of what
    failed, PreflightError for an extension that the shadow server lacks, ConfigError where there is no such
    server, BinaryError, UnreachableError, and InterruptedRun after a signal.
    """
    if not files.parsed:
        return ()
    try:
        return _replay(context, files.parsed, new)
    except (KeyboardInterrupt, Terminated) as signal:
        raise _interrupted(signal) from None


def _replay(
    context: Context, migrations: Sequence[ParsedMigration], new: frozenset[str]
) -> tuple[Finding, ...]:
    place = shadow_server.find(context)
    known = _known(context, place, place.major) if place.major is not None else None
    if known is not None and _is_fine(context, known, migrations, new):
        return ()
    binary = runner.start_verification(context)
    with place.open() as shelf:
        known = known or _known(context, place, shelf.major, shelf)
        names = _keys(context, known, migrations)
        due = replays.round_trips_due(migrations, names, new, known.memory.proven())
        course = replays.plan_replay(shelf, migrations, names, due)
        progress = Progress(context.say, context.detail, context.show_in_place, course, shelf.origin)
        with _bench(context, shelf, known, binary, progress.attendance()) as (bench, session):
            _demand_extensions(context, session, shelf, course.ahead)
            replayed = _run(context, bench, course, progress)
            stale = stale_schema_file(context, bench, replayed.picture) if replayed.picture else None
    findings = [down_incomplete(context, fault) for fault in replayed.faults]
    findings += [stale] if stale is not None else []
    message = _told(course, shelf)
    context.outcome.checks.append(Check("shadow", "warn" if findings else "pass", message))
    return tuple(findings)


def _told(course: ReplayPlan, shelf: ScratchPool) -> str:
    """What was done, in a line."""
    cached = f" ({course.start:,} of them from the cache)" if course.start else ""
    trips = f"; {len(course.due):,} also undone and done again" if course.due else ""
    return f"{_count(len(course.migrations))} replayed on {shelf.origin}{cached}{trips}"


def _count(number: int) -> str:
    return f"{number:,} migration{' was' if number == 1 else 's were'}"


@dataclass(frozen=True)
class _Known:
    """What is known of a place: its server's major, the pg_dump that fits, and what was seen there."""

    major: int
    program: PgDump
    memory: ReplayCache


def _known(context: Context, place: ShadowChoice, major: int, shelf: ScratchPool | None = None) -> _Known:
    program = schema.find_pg_dump(candidates(context, shelf.url if shelf else None), major)
    server = shelf.ground.release if shelf else ""
    text = f"{_FORMAT} {shadow_server.program_identity(program.path)} {program.major} {place.label} {server}"
    stamp = hashlib.sha256(text.encode()).hexdigest()[:16]
    return _Known(major, program, ReplayCache(shadow_server.shadow_dir(context) / "dumps", stamp))


def _is_fine(
    context: Context, known: _Known, migrations: Sequence[ParsedMigration], new: frozenset[str]
) -> bool:
    """Whether all was seen before, and the schema file is what came of it: then no server is started."""
    names = _keys(context, known, migrations)
    if replays.round_trips_due(migrations, names, new, known.memory.proven()):
        return False
    picture = known.memory.picture(names[-1])
    if picture is None:
        return False
    found = schema_file(context)
    return found is None or found == schema_text(picture.schema, picture.history)


def _keys(context: Context, known: _Known, migrations: Sequence[ParsedMigration]) -> tuple[str, ...]:
    files = [migration.file for migration in migrations]
    table = context.environment.values.migrations_table
    return keys(files, major=known.major, pin=pins.load().version, migrations_table=table)


@contextmanager
def _bench(
    context: Context,
    shelf: ScratchPool,
    known: _Known,
    binary: Callable[[], Binary],
    attendance: RunEvents,
) -> Iterator[tuple[ReplayTools, Session]]:
    """The bench, and a session on the server that is in no scratch database."""
    timeout = context.environment.values.connect_timeout

    def session(url: DatabaseUrl) -> Session:
        return connect(url, application_name=context.application_name, timeout=timeout)

    with session(shelf.url) as lasting:
        prepared = runner.bind(context, binary(), shelf.url, lasting)

        def dbmate(url: DatabaseUrl) -> Dbmate:
            return replace(prepared, url=url.with_connect_timeout(timeout))

        bench = ReplayTools(
            shelf=shelf,
            dbmate=dbmate,
            session=session,
            dump=lambda url: schema.dump(known.program, url, context.secrets.redactor),
            batches=batches,
            statements=_statements,
            attendance=attendance,
            memory=known.memory,
            migrations_table=context.environment.values.migrations_table,
        )
        yield bench, lasting


def _statements(text: str) -> list[tuple[int, str]]:
    if not sql.is_available():
        return []
    from dbmate_wrap.sql.parse import read

    return [(statement.offset, statement.text) for statement in read(text).statements]


def _run(context: Context, bench: ReplayTools, course: ReplayPlan, progress: Progress) -> Replayed:
    try:
        return replays.run(bench, course)
    except MigrationFailed as broken:
        raise broken_error(context, bench.shelf, broken) from None
    finally:
        progress.end()


def _demand_extensions(
    context: Context, session: Session, shelf: ScratchPool, ahead: Sequence[ParsedMigration]
) -> None:
    """Raise PreflightError (22) before anything is run, where an extension will be missing."""
    wants: dict[str, str] = {}
    for migration in ahead:
        # The parser is loaded and run only for files that may create one.
        texts = [part.up.sql for part in migration.sections if "extension" in part.up.sql.lower()]
        found = requirements_of(texts) if texts else None
        for name in found.extensions if found else ():
            wants.setdefault(name, migration.file.name)
    missing = server_facts.missing_extensions(session, wants) if wants else ()
    if missing:
        raise lacking(context, shelf, wants[missing[0]], ", ".join(missing))


def _interrupted(signal: BaseException) -> InterruptedRun:
    return stopped(
        signal, f"the history was not replayed to its end; {UNTOUCHED}", "run `dbmate-wrap check` again"
    )
