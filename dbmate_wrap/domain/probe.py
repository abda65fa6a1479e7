"""A query for rows that would make a pending migration fail, and what it found."""

from dataclasses import dataclass
from enum import StrEnum


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
    `changed_first` names the pending statement that writes to the table before: what is found now may be
    gone by then, and what is not found may be there.
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
