"""From a row of a list of targets to a target, with every fault of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dbmate_wrap.domain.database_url import UrlFault
from dbmate_wrap.domain.database_url.host import canonical
from dbmate_wrap.domain.fleet import CANARY, WAVE, FleetTarget
from dbmate_wrap.domain.similar_name import similar_name
from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.config_schema import display_key
from dbmate_wrap.settings.names import holds_secret, nearest

_KEYS = ("name", "database", "host", "port")
_STRICT_KEYS = (*_KEYS, "labels", WAVE)
# It stands in commands, in the names of files and in reports.
_NAME = re.compile(r"\w[\w.@+-]{0,127}")
_LABEL = re.compile(r"[^\W\d][\w.-]{0,62}")
_SECRET_KEY = re.compile(
    r"(.*_)?(url|uri|dsn|password|passwd|pgpassword|pwd|secret|token|conninfo|connection_string)",
    re.IGNORECASE,
)
_URL = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_LONGEST_DATABASE, _LONGEST_LABEL = 63, 256
_REFUSAL = "is a secret, which does not belong in a list of targets"
_ADVICE = "the environment's URL has it; or let its url_command or url_file have {target} in it"


@dataclass(frozen=True)
class TargetRow:
    """One row as it was read; `source` is its file and line. `strict`: a column of another name is a fault.

    Else it is a label.
    """

    source: str
    columns: Mapping[str, object]
    strict: bool = True


def read_rows(rows: Iterable[TargetRow], faults: list[Fault], *, same_database: bool) -> list[FleetTarget]:
    """Return the targets of the rows; every fault is added to `faults`.

    `same_database`: two that say the same host, port and database are one database twice.
    """
    targets: list[FleetTarget] = []
    names: dict[str, str] = {}
    places: dict[tuple[str | None, int | None, str], tuple[str, str]] = {}
    for row in rows:
        target = _RowReader(row, faults).target()
        if target is None:
            continue
        first = names.setdefault(target.name, row.source)
        if first != row.source:
            faults.append(Fault(f"names {target.name} again, after {first}", row.source, "keep one of them"))
            continue
        place = target.host, target.port, target.database
        other, where = places.setdefault(place, (target.name, row.source))
        if same_database and other != target.name:
            message = f"{target.name} is the same database as {other} in {where}"
            faults.append(Fault(message, row.source, "give each a database of its own"))
        targets.append(target)
    return targets


def secret_fault(key: str, value: object, source: str) -> Fault | None:
    """Return the fault of a column that holds a secret, without a piece of it."""
    secret = isinstance(value, str) and (holds_secret(value) or _URL.match(value.strip()))
    if _SECRET_KEY.fullmatch(key) or secret:
        return Fault(f"{display_key(key)} {_REFUSAL}", source, _ADVICE)
    return None


def is_target_name(text: str) -> bool:
    """Return True for what the name of a target may be."""
    return bool(_NAME.fullmatch(text))


@dataclass(frozen=True)
class _RowReader:
    row: TargetRow
    faults: list[Fault]

    def target(self) -> FleetTarget | None:
        """Return the target; None where something is wrong with it."""
        before = len(self.faults)
        columns = {key: value for key, value in self.row.columns.items() if value not in (None, "")}
        labels = dict(self._labels(columns))
        for key, value in columns.items():
            if key not in _KEYS and not self.row.strict:
                continue  # It is a label.
            if fault := secret_fault(key, value, self.row.source):
                self.faults.append(fault)
            elif self.row.strict and key not in _STRICT_KEYS:
                hint = nearest(key, _STRICT_KEYS) or "what is more is a label: labels.NAME = VALUE"
                self._add(f"{display_key(key)} is not a key of a target", hint)
        if len(self.faults) > before:
            return None
        name = self._name(columns.get("name"))
        database = self._database(columns.get("database", name))
        host, port = self._host(columns.get("host")), self._port(columns.get("port"))
        if len(self.faults) > before or name is None or database is None:
            return None
        return FleetTarget(name, database, host, port, labels)

    def _name(self, value: object) -> str | None:
        if value is None:
            self._add("has no name", "give it one: name")
            return None
        text = _text(value)
        if text is None or not _NAME.fullmatch(text):
            self._add("its name must be letters, digits and any of . _ @ + -, 128 at most")
            return None
        return text

    def _database(self, value: object) -> str | None:
        if value is None:
            return None
        text = _text(value)
        if text is None or not text.isprintable() or len(text.encode()) > _LONGEST_DATABASE:
            self._add(f"its database must be a name of at most {_LONGEST_DATABASE} bytes")
            return None
        return text

    def _host(self, value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self._add("its host must be text")
            return None
        try:
            return canonical(value)
        except UrlFault as fault:
            self._add(fault.message)
            return None

    def _port(self, value: object) -> int | None:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if value is not None and not (re.fullmatch("[0-9]{1,5}", text) and 1 <= int(text) <= 65535):
            self._add("its port must be a number from 1 to 65535")
            return None
        return int(text) if value is not None else None

    def _labels(self, columns: Mapping[str, object]) -> Iterable[tuple[str, str]]:
        given = columns.get("labels")
        if given is not None and not isinstance(given, Mapping):
            self._add("its labels must be a table of names and values")
            given = None
        found = dict(given or {})
        beside = [key for key in columns if key not in (*_KEYS, "labels")]
        for key in [WAVE] if self.row.strict else beside:
            if key in columns and columns[key] != found.setdefault(key, columns[key]):
                self._add(f"says the label {display_key(key)} twice, differently")
        for key, value in found.items():
            text = self._label(key, value)
            if text:
                yield key, text

    def _label(self, key: str, value: object) -> str | None:
        text = "" if value is None else _text(value)
        if fault := secret_fault(key, text, self.row.source):
            self.faults.append(fault)
        elif not _LABEL.fullmatch(key):
            self._add(
                f"the name of a label must be letters, digits and any of . _ -: {display_key(key)} is not"
            )
        elif text is None or not text.isprintable() or len(text) > _LONGEST_LABEL:
            self._add(f"the label {key} must be a line of text of at most {_LONGEST_LABEL} characters")
        elif key == WAVE and text != CANARY and similar_name(text, [CANARY]):
            # A canary that is none would be migrated with the rest.
            self._add(f"the label {WAVE} is nearly {CANARY}", f"did you mean {CANARY}?")
        else:
            return text
        return None

    def _add(self, message: str, hint: str | None = None) -> None:
        self.faults.append(Fault(message, self.row.source, hint))


def _text(value: object) -> str | None:
    """Return a value as text; None for what is none, such as a list."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None or isinstance(value, float | list | Mapping) else str(value)
