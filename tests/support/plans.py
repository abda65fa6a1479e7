"""A plan of every kind of verdict, made from traced statements and what a live server has."""

from dbmate_wrap.domain.live_relation import LiveFacts, LiveRelation, SessionInWay, Took
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.domain.plan_rows import plan_rows
from dbmate_wrap.domain.probe import Probe, ProbeResult, ProbeStatus
from dbmate_wrap.domain.statement_trace import (
    LockMode,
    RelationLock,
    RelationWork,
    TracedStatement,
    Until,
    Work,
)

GB = 1024**3
ORDERS, CUSTOMERS = "public.orders", "public.customers"
BLOCKER = SessionInWay(4711, 745.0, "psql", "select * from orders where id = ?", "holds AccessShareLock")
REPORT = SessionInWay(4712, 8000.0, "report", "select count(*) from customers", "old snapshot")
LIVE = LiveFacts(
    relations={
        ORDERS: LiveRelation(ORDERS, 12_400_000, 3 * GB, GB, 8192, 120.4, 35.0, (BLOCKER,)),
        CUSTOMERS: LiveRelation(CUSTOMERS, 950, 81920, 16384, 0, 12.0, 0.0, ()),
    },
    long_transactions=(REPORT,),
    notes=(),
    old_snapshots=(REPORT,),
)


def lock(
    relation: str,
    mode: LockMode = LockMode.ACCESS_EXCLUSIVE,
    kind: str = "table",
    until: Until = Until.COMMIT,
) -> RelationLock:
    """A lock of a table, held to the commit."""
    return RelationLock(relation, kind, mode, until)


def traced(
    tag: str,
    text: str = "",
    locks: tuple[RelationLock, ...] = (),
    works: tuple[tuple[str, Work], ...] = (),
    *,
    version: str = "002",
    line: int = 2,
    makes: tuple[str, ...] = (),
    waits: bool = False,
    not_judged: str | None = None,
) -> TracedStatement:
    """A traced statement of a file of that version."""
    done = tuple(RelationWork(relation, work) for relation, work in works)
    file = f"{version}_change.sql"
    return TracedStatement(version, file, line, text or tag, tag, locks, done, makes, waits, not_judged)


STATEMENTS = (
    traced("CREATE TABLE", "CREATE TABLE public.lines (id bigint)", makes=("public.lines",)),
    traced(
        "CREATE INDEX",
        "CREATE INDEX orders_placed_at ON public.orders (placed_at)",
        (lock(ORDERS, LockMode.SHARE),),
        ((ORDERS, Work.INDEX_BUILD),),
        line=4,
    ),
    traced(
        "CREATE INDEX",
        "CREATE INDEX CONCURRENTLY orders_state ON public.orders (state)",
        (lock(ORDERS, LockMode.SHARE_UPDATE_EXCLUSIVE, until=Until.STATEMENT),),
        ((ORDERS, Work.INDEX_BUILD),),
        version="003",
        waits=True,
    ),
    traced(
        "ALTER TABLE",
        "ALTER TABLE public.orders ADD COLUMN note text",
        (lock(ORDERS),),
        version="004",
    ),
    traced(
        "UPDATE",
        "UPDATE public.customers SET name = trim(name)",
        (lock(CUSTOMERS, LockMode.ROW_EXCLUSIVE),),
        ((CUSTOMERS, Work.DATA),),
        version="004",
        line=3,
    ),
    traced(
        "DO", "DO $$ BEGIN EXECUTE 'drop table x'; END $$", version="005", not_judged="DO with dynamic SQL"
    ),
)
PROBES = (
    ProbeResult(
        Probe(
            *("004", "004_change.sql", 2, "NOT NULL of public.orders.note"),
            "SELECT * FROM public.orders WHERE note IS NULL LIMIT 20",
            changed_first="UPDATE in 004_change.sql line 3",
        ),
        ProbeStatus.FOUND,
        20,
        more=True,
    ),
    ProbeResult(
        Probe("005", "005_change.sql", 2, "CHECK c of public.x", None, "public.x is made by line 2"),
        ProbeStatus.NOT_RUN,
        reason="public.x is made by line 2",
    ),
)
TOOK = {"002": (Took("staging", 11 * GB, 38.2),)}


def sample_plan(live: LiveFacts | None = LIVE, notes: tuple[str, ...] = ()) -> PlanResult:
    """The result of `plan` for the statements above."""
    return result_of(STATEMENTS, live, notes)


def result_of(
    statements: tuple[TracedStatement, ...], live: LiveFacts | None = LIVE, notes: tuple[str, ...] = ()
) -> PlanResult:
    """The result of `plan` for some statements."""
    rows = plan_rows(statements, live, TOOK)
    files = {each.version: each.file for each in statements}
    steps = tuple(
        Step(
            *(version, files[version], version != "003", False),
            verdict=each.verdict,
            took=each.took,
            statements=each.statements,
        )
        for version, each in rows.items()
    )
    return PlanResult(steps, live.long_transactions if live else (), notes, PROBES if live else ())
