"""The rows of a plan: the trace joined with the live server and the ledgers; its gate and its safe ways."""

import re
from dataclasses import replace

import pytest

from dbmate_wrap.domain.live_relation import LiveFacts, SessionInWay
from dbmate_wrap.domain.plan_gate import Gate, findings_over
from dbmate_wrap.domain.plan_rows import KnownFrom, PlannedStatement, locked_relations, plan_rows
from dbmate_wrap.domain.safe_way import safe_way
from dbmate_wrap.domain.statement_trace import LockMode, TracedStatement, Work
from dbmate_wrap.domain.verdict import Verdict, judge
from dbmate_wrap.pages.guides import guides, sections
from tests.support.plans import (
    BLOCKER,
    CUSTOMERS,
    GB,
    LIVE,
    ORDERS,
    REPORT,
    STATEMENTS,
    TOOK,
    lock,
    result_of,
    sample_plan,
    traced,
)

ALTER = traced("ALTER TABLE", locks=(lock(ORDERS),))


def row(statement: TracedStatement, live: LiveFacts | None = LIVE) -> PlannedStatement:
    """The row of a statement that is alone in its plan."""
    return plan_rows([statement], live)["002"].statements[0]


def test_a_migration_has_its_worst_verdict_and_its_durations() -> None:
    rows = plan_rows(STATEMENTS, LIVE, TOOK)
    assert [each.verdict for each in rows.values()] == [
        *(Verdict.BLOCKS_WRITES, Verdict.WAITS, Verdict.BLOCKS_ALL, Verdict.NOT_JUDGED)
    ]
    assert rows["002"].took == TOOK["002"]
    assert [KnownFrom.LEDGER in each.known_from for each in rows["002"].statements] == [True, False]


def test_sizes_and_traffic_are_those_of_the_live_server() -> None:
    found = row(ALTER).object
    assert found is not None
    assert (found.rows, found.heap, found.reads, found.size) == (12_400_000, 3 * GB, 120.4, 4 * GB + 8192)
    assert row(ALTER).known_from == (KnownFrom.MEASURED, KnownFrom.LIVE)
    assert row(ALTER, None).known_from == (KnownFrom.MEASURED,)
    assert row(ALTER, None).size is None


def test_only_who_holds_what_conflicts_is_in_the_way() -> None:
    index = traced("CREATE INDEX", locks=(lock(ORDERS, LockMode.SHARE),), works=((ORDERS, Work.INDEX_BUILD),))
    assert row(ALTER).in_way == (BLOCKER,)
    assert row(index).in_way == ()  # It goes with a reader.
    vacuum = replace(BLOCKER, why="autovacuum to prevent wraparound")
    busy = replace(LIVE, relations={ORDERS: replace(LIVE.relations[ORDERS], in_way=(vacuum,))})
    assert row(index, busy).in_way == (vacuum,)
    assert row(traced("SELECT", locks=(lock(ORDERS, LockMode.ACCESS_SHARE),)), busy).in_way == ()


def test_old_snapshots_are_in_the_way_of_what_waits_for_them() -> None:
    statement = traced("CREATE INDEX", locks=(lock(CUSTOMERS, LockMode.SHARE_UPDATE_EXCLUSIVE),), waits=True)
    assert row(statement).in_way == (REPORT,)


def test_what_the_plan_makes_is_not_looked_for_live() -> None:
    made = traced("CREATE TABLE", makes=("public.lines",))
    used = traced("ALTER TABLE", locks=(lock("public.lines"), lock(ORDERS, LockMode.SHARE)), version="003")
    assert locked_relations([made, used, ALTER]) == {ORDERS: LockMode.ACCESS_EXCLUSIVE}
    [found] = plan_rows([made, used], LIVE)["003"].statements
    assert [(each.relation, each.new) for each in found.relations] == [
        (ORDERS, False),
        ("public.lines", True),
    ]


def test_a_table_that_is_not_there_live_is_named_but_not_after_a_rename() -> None:
    statement = traced("ALTER TABLE", locks=(lock("public.gone"),))
    assert row(statement).because == "public.gone: not in this database"
    assert row(statement, None).because is None
    rename = traced("ALTER TABLE", "ALTER TABLE public.old RENAME TO gone", version="001")
    [found] = plan_rows([rename, statement], LIVE)["002"].statements
    assert found.because is None


def test_the_heaviest_work_on_a_relation_is_shown() -> None:
    statement = traced(
        "ALTER TABLE", locks=(lock(ORDERS),), works=((ORDERS, Work.REWRITE), (ORDERS, Work.INDEX_BUILD))
    )
    found = row(statement).object
    assert found is not None
    assert found.work is Work.REWRITE


def test_a_statement_is_one_line_without_the_password_of_a_role() -> None:
    assert row(traced("GRANT", "GRANT SELECT\n  ON t TO x")).statement == "GRANT SELECT ON t TO x"
    shown = row(traced("CREATE ROLE", "CREATE ROLE x PASSWORD 'hunter2'")).statement
    assert "hunter2" not in shown
    assert shown.startswith("CREATE ROLE x PASSWORD")


# fail_on, size_limit, live, and the lines that are over it
GATES = [
    (Verdict.BLOCKS_WRITES, None, LIVE, [4, 2]),
    (Verdict.BLOCKS_WRITES, GB, LIVE, [4, 2]),
    (Verdict.BLOCKS_WRITES, 5 * GB, LIVE, []),
    (Verdict.BLOCKS_ALL, GB, LIVE, [2]),
    (Verdict.WAITS, GB, LIVE, [4, 2, 2]),
    # Every size counts as above where there is no limit, and none where it is not known.
    (Verdict.BLOCKS_WRITES, None, None, [4, 2]),
    (Verdict.BLOCKS_WRITES, GB, None, []),
]


@pytest.mark.parametrize(("fail_on", "limit", "live", "lines"), GATES, ids=str)
def test_the_gate_is_about_the_verdict_and_the_size(
    fail_on: Verdict, limit: int | None, live: LiveFacts | None, lines: list[int]
) -> None:
    found = [*findings_over(Gate(fail_on, limit), sample_plan(live).steps, "db/migrations")]
    assert [each.line for each in found] == lines
    assert all(each.hint and "dbmate-wrap explain" in each.hint for each in found)


def test_the_size_is_that_of_what_takes_long_also_where_another_table_is_locked() -> None:
    statement = traced(
        "ALTER TABLE",
        locks=(lock(CUSTOMERS, LockMode.SHARE_ROW_EXCLUSIVE), lock(ORDERS, LockMode.SHARE_ROW_EXCLUSIVE)),
        works=((CUSTOMERS, Work.FOREIGN_KEY_CHECK),),
    )
    assert row(statement).size == 98304
    gate = Gate(Verdict.BLOCKS_WRITES, GB)
    assert not gate.is_over(row(statement))
    assert gate.misses_size(row(statement, None))


def test_what_locks_nothing_is_never_over_the_gate() -> None:
    [step] = result_of((traced("GRANT"),)).steps
    assert not Gate(Verdict.BRIEF_LOCK).is_over(step.statements[0])


# tag, text, lock, work, and the section with the safe way
WAYS = [
    ("CREATE INDEX", "create index on t (a)", LockMode.SHARE, Work.INDEX_BUILD, "build-an-index"),
    ("REINDEX", "reindex table t", LockMode.SHARE, Work.INDEX_BUILD, "rebuild-an-index"),
    ("ALTER TABLE", "alter table t add unique (a)", None, Work.INDEX_BUILD, "add-a-unique-or-primary-key"),
    ("ALTER TABLE", "alter table t add foreign key", None, Work.FOREIGN_KEY_CHECK, "add-a-foreign-key"),
    ("ALTER TABLE", "alter table t alter a set not null", None, Work.SCAN, "set-not-null"),
    ("ALTER TABLE", "alter table t add check (a is not null)", None, Work.SCAN, "add-a-check"),
    ("ALTER TABLE", "alter table t attach partition p default", None, Work.SCAN, "attach-a-partition"),
    ("ALTER TABLE", "alter table t alter a type text", None, Work.REWRITE, "change-the-type-of-a-column"),
    ("ALTER TABLE", "alter table t add a float default random()", None, Work.REWRITE, None),
    ("ALTER TABLE", "alter table t set logged", None, Work.REWRITE, "rebuild-a-table"),
    ("CLUSTER", "cluster t using i", None, Work.REWRITE, "rebuild-a-table"),
    (
        "REFRESH MATERIALIZED VIEW",
        "refresh materialized view v",
        None,
        Work.REWRITE,
        "refresh-a-materialized-view",
    ),
    ("DO", "do $$ ... $$", None, Work.DATA, "backfill-in-batches"),
]


@pytest.mark.parametrize(("tag", "text", "mode", "work", "section"), WAYS, ids=str)
def test_every_bad_verdict_has_a_safe_way(
    tag: str, text: str, mode: LockMode | None, work: Work, section: str | None
) -> None:
    statement = traced(tag, text, (lock(ORDERS, mode or LockMode.ACCESS_EXCLUSIVE),), ((ORDERS, work),))
    found = safe_way(statement, judge(statement, ()), frozenset())
    assert found == (section or "add-a-column-with-a-default")


def test_every_section_that_is_named_is_in_the_guide() -> None:
    [guide] = [page for page in guides() if page.name == "safe-migrations"]
    known = {page.name for page in sections(guide)} | {guide.name}
    source = re.findall(r'"([a-z]+(?:-[a-z]+){2,})"', _source())
    assert len(source) > 12
    assert set(source) <= known


def _source() -> str:
    import inspect

    from dbmate_wrap.domain import safe_way as module

    return inspect.getsource(module)


def test_who_waits_is_told_about_long_transactions_and_nobody_else() -> None:
    assert row(ALTER).explain == "a-brief-lock-behind-a-long-transaction"
    assert row(ALTER, replace(LIVE, relations={})).explain is None
    session = SessionInWay(0, None, "", "", "holds RowExclusiveLock")
    busy = replace(LIVE, relations={ORDERS: replace(LIVE.relations[ORDERS], in_way=(session,))})
    assert row(ALTER, busy).in_way == (session,)
