"""The results of single verbs beside what all verbs report; their field names are keys of the public JSON."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.entities import DiagramResult
from dbmate_wrap.domain.fleet_result import FleetAnswer
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.numbering import RenumberResult
from dbmate_wrap.domain.plan_result import PlanResult


@dataclass(frozen=True)
class EnvironmentRow:
    """One environment; `url` is the source of its URL, None where it has none.

    `embedded`: without one it is on the embedded server.
    """

    name: str
    default: bool
    protected: bool
    url: str | None
    embedded: bool = False

    @property
    def origin(self) -> str | None:
        """The source of the URL, or the word for a server that needs none; None where nothing is known."""
        return self.url or ("embedded" if self.embedded else None)


@dataclass(frozen=True)
class EnvironmentsResult:
    """`envs`: every environment."""

    environments: tuple[EnvironmentRow, ...]


@dataclass(frozen=True)
class SettingRow:
    """One setting as text, and where its value comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True)
class DoctorResult:
    """`doctor`: every setting with its source."""

    settings: tuple[SettingRow, ...]


@dataclass(frozen=True)
class MatrixRow:
    """One migration, and its state in each environment of the matrix ("-" where it is unknown).

    `durations_ms` are the times that it took there; null where no run of ours applied it.
    """

    version: str
    file: str | None
    states: tuple[str, ...]
    durations_ms: tuple[int | None, ...]


@dataclass(frozen=True)
class MatrixError:
    """An environment that is not in the matrix, and why."""

    environment: str
    code: int
    error: str


@dataclass(frozen=True)
class Matrix:
    """Environments x migrations; `deployed` is what a run applied last in each, null where none did."""

    environments: tuple[str, ...]
    migrations: tuple[MatrixRow, ...]
    errors: tuple[MatrixError, ...]
    deployed: tuple[LedgerEntry | None, ...]


@dataclass(frozen=True)
class MatrixResult:
    """`status --all`: the states of all environments beside each other."""

    matrix: Matrix


@dataclass(frozen=True)
class HistoryResult:
    """`history`: every line of the ledger, oldest first."""

    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True)
class DriftResult:
    """`drift` and `baseline`: what the live schema has otherwise than the migrations make it."""

    differences: tuple[SchemaDifference, ...]


@dataclass(frozen=True)
class KeptTextResult:
    """`history --show`: the text that ran, and the unified diff to the file here; null without a file."""

    version: str
    file: str | None
    checksum: str | None
    text: str
    difference: str | None


@dataclass(frozen=True)
class UrlResult:
    """`db start` and `db url`: the URL of the embedded database; with a password only for `db url --tcp`."""

    url: str


@dataclass(frozen=True)
class NewResult:
    """`new`: the path of the file that was created, as people see it."""

    path: str


@dataclass(frozen=True)
class DumpResult:
    """`dump`: the schema file, and whether its bytes have changed."""

    schema_file: str
    changed: bool


@dataclass(frozen=True)
class SchemaResult:
    """`dump --output -`: the text of the schema."""

    schema: str


@dataclass(frozen=True)
class ExecResult:
    """`exec`: how dbmate itself ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class ExplainedPage:
    """One page: `kind` is rule, exit code, state or guide, `text` is Markdown."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True)
class ExplainResult:
    """`explain`: the pages of one name; several where, say, a rule and a state share it."""

    pages: tuple[ExplainedPage, ...]


FileState: TypeAlias = Literal[
    "written", "appended", "to be written", "to be appended", "is there", "left as it is"
]


@dataclass(frozen=True)
class ScaffoldedFile:
    """One file of a scaffold; where it is left, `reason` says why, and `text` is to be added by hand."""

    file: str
    state: FileState
    reason: str | None
    text: str | None


@dataclass(frozen=True)
class InitResult:
    """`init`: what was done about each file, or is to be done; `next` is the next command."""

    files: tuple[ScaffoldedFile, ...]
    next: str


# What a verb about one database, or about none, answers.
VerbResult: TypeAlias = (
    PlanResult
    | EnvironmentsResult
    | DoctorResult
    | MatrixResult
    | HistoryResult
    | DriftResult
    | KeptTextResult
    | UrlResult
    | NewResult
    | RenumberResult
    | DiagramResult
    | DumpResult
    | SchemaResult
    | ExecResult
    | ExplainResult
    | InitResult
)
Result: TypeAlias = VerbResult | FleetAnswer
