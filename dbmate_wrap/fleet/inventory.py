"""Reads the inventory of a fleet: from a file, a command or a query, with all faults at once."""

from collections.abc import Iterable
from pathlib import Path

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import FleetTarget, Inventory
from dbmate_wrap.errors import FailedError, Fault
from dbmate_wrap.fleet import target_files
from dbmate_wrap.fleet.target_rows import TargetRow, read_rows
from dbmate_wrap.postgres.target_query import read_target_rows
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.settings.targets_command import LARGEST, run_targets_command
from dbmate_wrap.settings.text_file import read_text
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import open_session, resolve_url

_QUERY_SECONDS = 60.0
# Of one kind there may be as many as there are targets.
_MOST_FAULTS = 50

# Syntax and rights; a transaction that reads only; the time that is over.
_ABOUT_THE_QUERY = ("42", "25", "57")


def load_inventory(context: Context, fleet: FleetSettings) -> Inventory:
    """Return all targets of a fleet; `context` is of the fleet's environment, without a target.

    Raises ConfigError with all faults of the list, and where it is empty; UnreachableError where a query
    has to list them.
    """
    faults: list[Fault] = []
    rows = _rows(context, fleet, faults)
    has_own_urls = context.environment.has_target_urls
    targets = read_rows(rows, faults, same_database=not has_own_urls)
    if not rows and not faults:
        # A command that failed in a pipe prints nothing too: nothing to do is never its answer.
        faults.append(Fault(f"the fleet {fleet.name} has no targets", _source(fleet), "list at least one"))
    if faults:
        raise config_error(*_at_most(faults))
    if has_own_urls and any(each.host or each.port or each.database != each.name for each in targets):
        context.console.say(
            "warning: the URL of each target is its own: host, port and database have no effect"
        )
    return Inventory(fleet.name, fleet.environment, tuple(targets))


def refuse_one_database(urls: Iterable[tuple[FleetTarget, DatabaseUrl]]) -> None:
    """Raise ConfigError with each target whose URL reaches the database of another one before it."""
    first: dict[tuple[str, int, str], FleetTarget] = {}
    faults: list[Fault] = []
    for target, url in urls:
        other = first.setdefault(url.identity, target)
        if other is not target:
            message = f"is the same database as the target {other.name}: {url.database}"
            faults.append(Fault(message, f"the target {target.name}", "give each a database of its own"))
    if faults:
        raise config_error(*_at_most(faults))


def _rows(context: Context, fleet: FleetSettings, faults: list[Fault]) -> list[TargetRow]:
    if fleet.targets is not None:
        return _rows_of_file(context, fleet.targets, fleet, faults)
    if fleet.targets_command is not None:
        text = run_targets_command(fleet, fleet.targets_command, context.project.root)
        return target_files.rows_of_json_lines(text, f"the output of {_source(fleet)}", faults)
    assert fleet.targets_query is not None, "the settings have one of the three"
    return _rows_of_query(context, fleet, fleet.targets_query)


def _rows_of_file(context: Context, path: Path, fleet: FleetSettings, faults: list[Fault]) -> list[TargetRow]:
    name = context.environment.display_path(path)
    text = read_text(path, name, faults, largest=LARGEST)
    if text is None:
        if not faults:
            faults.append(
                Fault(f"names {name}, which does not exist", _source(fleet), "write the file first")
            )
        return []
    return target_files.PARSERS[path.suffix.lower()](text, name, faults)


def _rows_of_query(context: Context, fleet: FleetSettings, query: str) -> list[TargetRow]:
    environment, source = context.environment, _source(fleet)
    if environment.has_target_urls:
        message = f"asks the database of {environment.name}, which has a URL for each target alone"
        raise config_error(Fault(message, source, "list the targets by a file or a command"))
    with open_session(context, resolve_url(context)) as session:
        try:
            rows = read_target_rows(session, query, timeout=_QUERY_SECONDS)
        except FailedError as error:
            message = f"the targets_query of {fleet.name} failed: {_reason(error)}"
            raise config_error(Fault(message, source, "try it by `dbmate-wrap psql`")) from None
    return [TargetRow(f"row {number} of {source}", row, strict=False) for number, row in enumerate(rows, 1)]


def _reason(error: FailedError) -> str:
    # Other messages may quote the value of a row, such as one that is no number.
    is_about_the_query = (error.sqlstate or "")[:2] in _ABOUT_THE_QUERY
    return error.message if is_about_the_query else f"SQLSTATE {error.sqlstate}"


def _source(fleet: FleetSettings) -> str:
    keys = ("targets", "targets_command", "targets_query")
    return next(fleet.sources[key] for key in keys if key in fleet.sources)


def _at_most(faults: list[Fault]) -> list[Fault]:
    left = len(faults) - _MOST_FAULTS
    if left <= 1:
        return faults
    return [*faults[:_MOST_FAULTS], Fault(f"{left} more faults", "the list of targets")]
