"""A query for rows that would make a pending migration fail, and what it found."""

from dataclasses import dataclass
from enum import StrEnum

from dbmate_wrap.domain.count import count


@dataclass(frozen=True)
class ConstraintLookup:
    """A constraint whose definition only the live server knows: `name`, or the primary key where it is None.

    `schema` is empty where the statement does not name one.
    """

    schema: str
    table: str
    name: str | None


@dataclass(frozen=True)
class Probe:
    """The query for the rows that violate what a pending statement adds or validates.

    `what`: ``NOT NULL of public.orders.total``. `query` is None where it cannot be written; `not_run` says
    why it must not be run now. `counts` is what a row of the answer stands for: ``row``, or
    ``duplicate value``. `fails_now` is False for what is NOT VALID: only VALIDATE CONSTRAINT fails later.
    `changed_first` names the pending statement that may fix these rows before.
    """

    version: str
    file: str
    line: int
    what: str
    query: str | None
    not_run: str | None = None
    counts: str = "row"
    fails_now: bool = True
    changed_first: str | None = None


class ProbeStatus(StrEnum):
    """How the run of a probe ended."""

    CLEAN = "clean"
    FOUND = "found"
    TIMED_OUT = "timed out"
    NOT_PERMITTED = "not permitted"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found: never the values of rows, only how many, up to the limit of the query.

    `more`: the limit was reached, so there may be more. `reason` says why there is no answer.
    """

    probe: Probe
    status: ProbeStatus
    rows: int = 0
    more: bool = False
    reason: str | None = None

    @property
    def would_fail(self) -> bool:
        """True where these rows make the migration fail, unless somebody fixes them.

        Not where the migrations write to the table before: they may fix them themselves.
        """
        found = self.status is ProbeStatus.FOUND
        return found and self.probe.fails_now and self.probe.changed_first is None


def rows_in_words(result: ProbeResult) -> str:
    """Return what a probe found: ``3 rows``, ``20 or more duplicate values``, ``no row``, ``not run``."""
    noun = result.probe.counts
    match result.status:
        case ProbeStatus.FOUND:
            number = count(result.rows, noun)
            return number.replace(" ", " or more ", 1) if result.more else number
        case ProbeStatus.CLEAN:
            return f"no {noun}"
        case _:
            return f"{result.status}: {result.reason}" if result.reason else str(result.status)
