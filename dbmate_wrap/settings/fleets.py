"""The settings of fleets: where their targets are listed, and the defaults of what is done with many."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.domain.failure_limit import FailureLimit, parse_failure_limit
from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.config_schema import ConfigTable, display_key, key_fault
from dbmate_wrap.settings.durations import parse_duration
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.names import is_name, nearest
from dbmate_wrap.settings.url_command import split_command

DEFAULT_ENVIRONMENT = "production"
FILE_TYPES = (".toml", ".csv", ".jsonl")
# Exactly one of them lists the targets.
LISTS = ("targets", "targets_command", "targets_query")
# Each with what it is, for the docs; all but the first four are defaults of options of the same name.
KEYS: Mapping[str, str] = {
    "environment": "The environment whose URL, settings and protection its databases share.",
    "targets": "File that lists the targets: `.toml`, `.csv` or `.jsonl`.",
    "targets_command": "Command that prints the targets as JSON lines; run without a shell.",
    "targets_query": "SQL that gives the targets, read only, on the environment's own database.",
    "jobs": "How many databases at once.",
    "per_server": "How many databases at once on one host and port.",
    "max_failures": "How many databases may fail before no further one is begun: `5` or `10%`.",
    "target_deadline": "How long one database may take.",
}
_MOST_JOBS = 1000


@dataclass(frozen=True)
class FleetSettings:
    """One fleet; one of `targets` (absolute), `targets_command` and `targets_query` is not None.

    The others are None where the settings do not say them. `target_deadline` is in seconds; `sources` say in
    words where each key is written.
    """

    name: str
    environment: str
    targets: Path | None = None
    targets_command: str | None = None
    targets_query: str | None = None
    jobs: int | None = None
    per_server: int | None = None
    max_failures: FailureLimit | None = None
    target_deadline: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_fleets(
    table: ConfigTable, root: Path, environments: Collection[str], faults: list[Fault]
) -> dict[str, FleetSettings]:
    """Return the fleets of a configuration by their names; every fault is added to `faults`."""
    found: dict[str, FleetSettings] = {}
    for name, keys in table.fleets.items():
        source = table.document.source("fleets", display_key(name))
        if not is_name(name):
            faults.append(Fault("must be a name of letters, digits, - and _", source))
        elif not isinstance(keys, dict):
            faults.append(Fault("must be a table", source, "write [fleets.NAME]"))
        else:
            found[name] = _Reader(name, keys, table, root, faults).read(environments)
    return found


@dataclass(frozen=True)
class _Reader:
    name: str
    keys: Mapping[str, object]
    table: ConfigTable
    root: Path
    faults: list[Fault]

    def read(self, environments: Collection[str]) -> FleetSettings:
        good = {key: value for key, value in self.keys.items() if self._is_good(key, value)}
        listed = [key for key in LISTS if key in self.keys]
        if len(listed) != 1:
            message = f"needs exactly one of {', '.join(LISTS)}"
            self._add("", message, "name the file, the command or the query that lists its targets")
        values = {key: self._converted(key, value) for key, value in good.items()}
        environment = values.pop("environment", None) or DEFAULT_ENVIRONMENT
        if environment not in environments:
            shown = environment if is_name(str(environment)) else "this"
            self._add(
                "environment", f"{shown} is not an environment", nearest(str(environment), environments)
            )
        sources = {key: self._source(key) for key in good}
        return FleetSettings(self.name, str(environment), **values, sources=sources)  # type: ignore[arg-type]

    def _is_good(self, key: str, value: object) -> bool:
        fault = key_fault(key, value, tuple(KEYS))
        if fault:
            self._add(display_key(key), *fault)
        return fault is None

    def _converted(self, key: str, value: object) -> object:
        try:
            return self._conversions[key](value)
        except ValueError as error:
            self._add(key, str(error))
            return None

    @property
    def _conversions(self) -> Mapping[str, Callable[[object], object]]:
        return {
            "environment": _text,
            "targets": lambda value: self.root / _file(_text(value)),
            "targets_command": _command,
            "targets_query": _text,
            "jobs": _number,
            "per_server": _number,
            "max_failures": parse_failure_limit,
            "target_deadline": parse_deadline,
        }

    def _source(self, key: str) -> str:
        return self.table.document.source("fleets", self.name, *([key] if key else []))

    def _add(self, key: str, message: str, hint: str | None = None) -> None:
        self.faults.append(Fault(message, self._source(key), hint))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be text")
    return value


def _file(name: str) -> Path:
    path = Path(name)
    if path.suffix.lower() not in FILE_TYPES:
        raise ValueError(f"must be a file that ends in {', '.join(FILE_TYPES)}")
    return path


def _command(value: object) -> str:
    command = _text(value)
    try:
        split_command(command)
    except ValueError:
        raise ValueError(
            "is not a command line: it is split as a shell does; quotes must be closed"
        ) from None
    return command


def _number(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= _MOST_JOBS:
        raise ValueError(f"must be a whole number from 1 to {_MOST_JOBS}")
    return value


def parse_deadline(value: object) -> float:
    """Parse a duration of more than 0 into seconds. Raises ValueError that lists the valid forms."""
    if (seconds := parse_duration(value)) == 0:
        raise ValueError("must be more than 0")
    return seconds


def choose_fleet(
    fleets: Mapping[str, FleetSettings], name: str | None, environment: str | None
) -> FleetSettings:
    """Return the fleet of that name, or the only one, of the environment where one is named.

    Raises ConfigError where there is none, or where several are.
    """
    if name is not None:
        return _named(fleets, name, environment)
    found = [each for each in fleets.values() if environment in (None, each.environment)]
    if len(found) == 1:
        return found[0]
    of = f" of {environment}" if environment is not None else ""
    if found:
        hint = f"name one ({', '.join(each.name for each in found)}); a target of it is -e fleet:NAME/TARGET"
        raise config_error(Fault(f"there are {len(found)} fleets{of}", "the settings", hint))
    hint = "write [fleets.NAME] in dbmate-wrap.toml: see `dbmate-wrap explain settings`"
    if fleets:
        hint = "fleets here: " + ", ".join(f"{each.name} (-e {each.environment})" for each in fleets.values())
    raise config_error(Fault(f"there is no fleet{of}", "the settings", hint))


def _named(fleets: Mapping[str, FleetSettings], name: str, environment: str | None) -> FleetSettings:
    found = fleets.get(name)
    if found is None:
        shown = f"{name} is" if is_name(name) else "this is"
        names = f"there are {', '.join(fleets)}" if fleets else "the settings name none"
        raise config_error(Fault(f"{shown} not a fleet", "the command line", nearest(name, fleets) or names))
    if environment not in (None, found.environment):
        message = f"the fleet {name} is of {found.environment}, not of {environment}"
        raise config_error(Fault(message, "--env", "leave -e out: a fleet names its environment"))
    return found
