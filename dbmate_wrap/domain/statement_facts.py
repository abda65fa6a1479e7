"""What the text of a statement says about it, beside what the server shows when it runs."""

from dataclasses import dataclass

from dbmate_wrap.domain.statement_trace import LockMode


@dataclass(frozen=True)
class StatementFacts:
    """Read by the parser; `names` are the relations (schema or "", name), the one that it changes first.

    `targets` are those whose rows it writes, `reads_under` is the lock of those that it reads as a whole.
    `calls` are functions that it runs, in the same form. `varies` says why it may do something else on other
    data. `checks_domain`: the columns of a domain are looked through; `makes_partition`: rows for a new
    partition are looked for in the default one.
    """

    tag: str
    names: tuple[tuple[str, str], ...] = ()
    targets: frozenset[tuple[str, str]] = frozenset()
    calls: frozenset[tuple[str, str]] = frozenset()
    writes_rows: bool = False
    truncates: bool = False
    reads_rows: bool = False
    reads_under: LockMode = LockMode.ACCESS_SHARE
    checks_domain: bool = False
    makes_partition: bool = False
    concurrently: bool = False
    varies: str | None = None
