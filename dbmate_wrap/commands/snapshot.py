"""Writes the baseline: the schema of a live database as the first migration, proven to make it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.dumped_objects import is_bare
from dbmate_wrap.domain.live_schema import LiveSchema
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration, checksum
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import ConfigError, DriftError, FailedError, PreflightError
from dbmate_wrap.migrations import directory
from dbmate_wrap.migrations.baseline import baseline_text, left_out_settings
from dbmate_wrap.migrations.parse import ParseFault, parse_migration
from dbmate_wrap.postgres import live_schema
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.review.live_comparison import LiveComparison, compare_live
from dbmate_wrap.review.replay_means import make_means
from dbmate_wrap.workspace import database, guard
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import read_history
from dbmate_wrap.workspace.live_schema import dumping_again, read_alone, read_needs, say_other_tools
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import make_setup
from dbmate_wrap.workspace.server_choice import Wanted

NAME = "001_init.sql"
_NO_PRIVILEGE = "42501"
_NEEDS_SUPERUSER = "only a superuser can run the file, and checks need shadow_superuser = true"
_FLAGS = "--schema-only --no-owner --no-privileges"


def snapshot(context: Context, outcome: Outcome, *, excluded: Sequence[str]) -> None:
    """Write `001_init.sql` where it makes the live schema, and nothing otherwise.

    `excluded` are options of pg_dump: ``--exclude-table=PATTERN``. Raises DriftError (33) with what differs,
    and ConfigError (10) where there are migrations already.
    """
    environment = context.environment
    path = environment.values.migrations_dir / NAME
    _refuse_to_overwrite(context, path)
    with database.open_database(context) as db:  # 21
        outcome.target = db.target
        files = ProjectFiles(environment.display_path(path.parent), (), (), ())
        _say_what_else(context, db, files)  # 13, 20, 22
        text, compared = _make(context, db, files, excluded)
    for fact in compared.facts:
        if fact.is_drift:
            context.console.say(f"notice: not in the file: {fact.name}")
    differences = tuple(each for each in compared.objects if each.is_drift)
    outcome.result = DriftResult(differences)
    if differences:
        raise DriftError(
            f"the dump of {db.url.database} does not make its own schema on {compared.origin}: nothing was"
            " written",
            hint="leave out what differs (--exclude-table, --exclude-schema), or use a shadow server that is"
            " more like this one: the setting shadow",
        )
    directory.create_migration(path, text)
    file = _file(text)
    outcome.migrations = [MigrationRow(file.version, NAME, "pending", None, file.checksum)]
    shown = environment.display_path(path)
    outcome.summary = (
        f"{shown} written: it makes the schema of {db.url.database}, as tried on {compared.origin}\n"
        f"next: dbmate-wrap seal, then dbmate-wrap baseline -e {environment.name}"
    )


def _refuse_to_overwrite(context: Context, path: Path) -> None:
    folder = path.parent
    present = directory.list_migrations(folder).files if folder.exists() else ()
    if not present:
        return
    shown, names = context.environment.display_path(folder), join_names([each.name for each in present[:3]])
    raise ConfigError(
        f"{shown} has migrations already ({names}): a baseline comes first, and is never overwritten",
        hint="look at the schema without it: dbmate-wrap dump --output -; or begin a new folder:"
        " DBMATE_WRAP_MIGRATIONS_DIR=FOLDER",
    )


def _say_what_else(context: Context, db: Database, files: ProjectFiles) -> None:
    """Refuse another environment's database; name what the file cannot hold."""
    found = read_history(db, files, context.environment.values)
    guard.refuse_foreign_stamp(context.environment, found)
    say_other_tools(context, db)
    for left_out in live_schema.left_out_of_dumps(db.session):
        context.console.say(f"notice: not in the file: {left_out}")


def _make(
    context: Context, db: Database, files: ProjectFiles, excluded: Sequence[str]
) -> tuple[str, LiveComparison]:
    """Return the file's text, and what it makes."""
    program, live = _read(context, db, excluded)
    with dumping_again(context, db, program, excluded) as dump_again:

        def read_live(chosen: PgDump) -> LiveSchema:
            _refuse_changed(live.text, dump_again())
            # Two programs may write one schema in two ways.
            return live if chosen == program else read_alone(context, db, chosen, excluded)

        write = partial(baseline_text, live.text, _head(db, excluded))
        return _prove(context, files, read_needs(db), write, read_live)


def _read(context: Context, db: Database, excluded: Sequence[str]) -> tuple[PgDump, LiveSchema]:
    setup = make_setup(context)
    major = setup.choose_server(read_needs(db)).major or 0
    program = setup.find_pg_dump(max(major, db.server.major), db.url)
    live = read_alone(context, db, program, excluded)
    if is_bare(live.text, live.history_table):
        raise PreflightError(
            f"the schema of {db.url.database} is empty: there is nothing to write",
            hint="check that it is the right database: dbmate-wrap doctor; or begin: dbmate-wrap new NAME",
        )
    for setting in left_out_settings(live.text):
        context.console.say(f"notice: not in the file: {setting}")
    return program, live


def _refuse_changed(first: str, second: str) -> None:
    if first != second:
        raise PreflightError(
            "the schema was changed while it was read: two dumps differ",
            hint="run the command again when nobody changes it",
        )


def _prove(
    context: Context,
    files: ProjectFiles,
    wanted: Wanted,
    write: Callable[..., str],
    read_live: Callable[[PgDump], LiveSchema],
) -> tuple[str, LiveComparison]:
    """Return the text that `write` makes, and what it makes.

    First as an account of a managed server would run it, with the bodies of functions checked; what that does
    not allow is tried again without.
    """
    setup, checked = make_setup(context), True
    while True:
        text = write(bodies_checked=checked)
        migration = _parsed(text)
        made = replace(files, migrations=(migration.file,), parsed=(migration,))
        means = make_means(made, context.environment, setup, context.console)
        try:
            return text, compare_live(means, wanted, read_live, "dbmate-wrap snapshot")
        except PreflightError as error:
            if setup.superuser or error.sqlstate != _NO_PRIVILEGE:
                raise
            setup = replace(setup, superuser=True)
            context.console.say(f"notice: {_NEEDS_SUPERUSER}: {error.message}")
        except FailedError:
            if not checked:
                raise
            checked = False


def _head(db: Database, excluded: Sequence[str]) -> str:
    # Whatever is in a name or a pattern: it stays in its line of the comment.
    options, name = " ".join((_FLAGS, *" ".join(excluded).split())), " ".join(db.url.database.split())
    return (
        f"The schema of {name} (PostgreSQL {db.server.version}) as the baseline: never edit it.\n"
        f"pg_dump {options}"
    )


def _file(text: str) -> MigrationFile:
    content = text.encode()
    return MigrationFile(NAME, "001", checksum(content), content)


def _parsed(text: str) -> ParsedMigration:
    parsed = parse_migration(_file(text), text)
    assert not isinstance(parsed, ParseFault), "it was written so"
    return parsed
