"""Shows the ledger: each applied migration with its time, account and checksum; or the text that ran."""

import difflib

from dbmate_wrap.domain.ledger import KeptText, LedgerEntry
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.migration import MigrationFile, is_same_version
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import HistoryResult, KeptTextResult
from dbmate_wrap.errors import ConfigError, HistoryError, PreflightError, UsageError
from dbmate_wrap.migrations import directory
from dbmate_wrap.postgres import ledger
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.context import Context


def history(context: Context, outcome: Outcome, *, show: str | None, last: int | None) -> None:
    """Read the lines of the ledger, oldest first, the `last` ones; or the text of version `show` that ran.

    Raises PreflightError where it may not be read, HistoryError where that text is not known.
    """
    environment = context.environment
    if not environment.values.ledger:
        hint = "set ledger = true to keep one from now on"
        raise ConfigError(f"{environment.name} keeps no ledger", hint=hint)
    with database.open_database(context) as db:
        outcome.target = db.target
        found = ledger.entries(db.session)
        if isinstance(found, LedgerUnavailable):
            raise PreflightError(found.reason, hint=found.hint)
        if show is not None:
            recorded = ledger.read(db.session, db.server.history.name)
            if isinstance(recorded, LedgerUnavailable):
                raise PreflightError(recorded.reason, hint=recorded.hint)
            version = _version(found, show)
            kept = ledger.texts(db.session, recorded.access, db.server.history.name, [version])
            _show(context, outcome, version, kept[0] if kept else None)
            return
    shown = found[-last:] if last is not None else found
    outcome.result = HistoryResult(shown)
    noun = "entry" if len(shown) == 1 else "entries"
    outcome.summary = f"{len(shown)} {noun}" if shown else "the ledger is empty"


def _version(lines: tuple[LedgerEntry, ...], wanted: str) -> str:
    versions = sorted({line.version for line in lines})
    for line in lines:
        if line.file == wanted or is_same_version(line.version, wanted):
            return line.version
    known = f"versions there: {versions[0]} to {versions[-1]}" if versions else "it has no version at all"
    raise UsageError(f"--show {wanted}: the ledger has no such version", hint=known)


def _show(context: Context, outcome: Outcome, version: str, kept: KeptText | None) -> None:
    if kept is None or kept.content is None:
        name = kept.file if kept is not None and kept.file else version
        raise HistoryError(
            f"the text of {name} that ran was not kept: plain dbmate or an older version of this tool applied"
            " it, or it is longer than 1 MB",
            hint="look for it in version control: `dbmate-wrap history` has its checksum and commit",
        )
    files = directory.list_migrations(context.environment.values.migrations_dir).files
    file = next((each for each in files if each.version == version), None)
    text = kept.content.decode("utf-8", "surrogateescape")
    difference = _difference(kept.file or version, text, file)
    outcome.result = KeptTextResult(version, kept.file, kept.checksum, text, difference)
    if file is None:
        context.console.say(f"no file here has the version {version}")
    elif difference:
        context.console.say("the file here differs from what ran:")
        for line in difference.splitlines():
            context.console.say(line)


def _difference(name: str, text: str, file: MigrationFile | None) -> str | None:
    """The unified diff from what ran to the file; empty where they are the same, None without a file."""
    if file is None:
        return None
    here = file.content.decode("utf-8", "surrogateescape")
    lines = difflib.unified_diff(
        text.splitlines(), here.splitlines(), f"{name} (as it ran)", f"{file.name} (here)", lineterm=""
    )
    return "\n".join(lines)
