"""Each verdict, and what makes a statement worse than it looks by itself."""

import pytest

from dbmate_wrap.domain.statement_trace import LockMode, RelationLock, TracedStatement, Until, Work
from dbmate_wrap.domain.verdict import Blocks, Verdict, blocks_of, is_risky, judge, worst
from tests.support.plans import CUSTOMERS, ORDERS, lock, traced

SUE, SHARE = LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.SHARE
SRE, EXCLUSIVE = LockMode.SHARE_ROW_EXCLUSIVE, LockMode.EXCLUSIVE
WRITING = lock(ORDERS, LockMode.ROW_EXCLUSIVE)

# tag, locks, works, and the verdict
ALONE: list[tuple[str, tuple[RelationLock, ...], tuple[tuple[str, Work], ...], Verdict]] = [
    ("ALTER TABLE", (lock(ORDERS),), ((ORDERS, Work.REWRITE),), Verdict.REWRITES),
    ("ALTER TABLE", (lock(ORDERS),), ((ORDERS, Work.REWRITE), (ORDERS, Work.INDEX_BUILD)), Verdict.REWRITES),
    ("ALTER TABLE", (lock(ORDERS),), ((ORDERS, Work.SCAN),), Verdict.BLOCKS_ALL),
    ("ALTER TABLE", (lock(ORDERS),), ((ORDERS, Work.INDEX_BUILD),), Verdict.BLOCKS_ALL),
    ("ALTER TABLE", (lock(ORDERS),), (), Verdict.BRIEF_LOCK),
    ("CREATE INDEX", (lock(ORDERS, SHARE),), ((ORDERS, Work.INDEX_BUILD),), Verdict.BLOCKS_WRITES),
    ("ALTER TABLE", (lock(ORDERS, SRE),), ((ORDERS, Work.FOREIGN_KEY_CHECK),), Verdict.BLOCKS_WRITES),
    ("ALTER TABLE", (lock(ORDERS, SRE),), (), Verdict.BRIEF_LOCK),
    ("CREATE TRIGGER", (lock(ORDERS, SRE),), (), Verdict.BRIEF_LOCK),
    ("ALTER TABLE", (lock(ORDERS, SUE),), ((ORDERS, Work.SCAN),), Verdict.SCANS),
    ("ALTER TABLE", (lock(ORDERS, SUE),), (), Verdict.BRIEF_LOCK),
    ("UPDATE", (WRITING,), ((ORDERS, Work.DATA),), Verdict.CHANGES_ROWS),
    # A DO block that alters and updates holds the lock of both.
    ("DO", (lock(ORDERS),), ((ORDERS, Work.DATA),), Verdict.BLOCKS_ALL),
    # A new file, and nothing is read.
    ("TRUNCATE TABLE", (lock(ORDERS),), ((ORDERS, Work.REWRITE),), Verdict.BRIEF_LOCK),
    # Nobody writes to a view of stored rows but another refresh.
    (
        "REFRESH MATERIALIZED VIEW",
        (lock("public.mv", EXCLUSIVE, "materialized view"),),
        (("public.mv", Work.DATA),),
        Verdict.SCANS,
    ),
    (
        "REFRESH MATERIALIZED VIEW",
        (lock("public.mv", kind="materialized view"),),
        (("public.mv", Work.REWRITE),),
        Verdict.REWRITES,
    ),
    ("CREATE VIEW", (lock(ORDERS, LockMode.ACCESS_SHARE),), (), Verdict.NEW_OBJECT),
    ("CREATE FUNCTION", (), (), Verdict.NEW_OBJECT),
    ("GRANT", (), (), Verdict.BRIEF_LOCK),
    ("INSERT", (), (), Verdict.CHANGES_ROWS),
    ("ANALYZE", (lock(ORDERS, SUE),), (), Verdict.SCANS),
]


@pytest.mark.parametrize(("tag", "locks", "works", "expected"), ALONE, ids=str)
def test_a_lock_and_its_work_make_the_verdict(
    tag: str,
    locks: tuple[RelationLock, ...],
    works: tuple[tuple[str, Work], ...],
    expected: Verdict,
) -> None:
    judged = judge(traced(tag, locks=locks, works=works), ())
    assert judged.verdict is expected
    assert judged.because is None


def test_the_other_side_of_a_foreign_key_is_locked_while_the_rows_are_checked() -> None:
    statement = traced(
        "ALTER TABLE", locks=(lock(CUSTOMERS, SRE),), works=((ORDERS, Work.FOREIGN_KEY_CHECK),)
    )
    assert judge(statement, ()).verdict is Verdict.BLOCKS_WRITES


def test_a_brief_lock_lasts_as_long_as_what_comes_after_it_in_the_transaction() -> None:
    brief = traced("ALTER TABLE", locks=(lock(ORDERS),))
    scan = traced("UPDATE", locks=(WRITING,), works=((CUSTOMERS, Work.DATA),), line=9)
    judged = judge(brief, [scan])
    assert judged.verdict is Verdict.BLOCKS_ALL
    assert judged.held_for == 9
    assert judged.because is not None
    assert "while line 9 changes rows of public.customers" in judged.because
    trigger = traced("CREATE TRIGGER", locks=(lock(ORDERS, SRE),))
    assert judge(trigger, [scan]).verdict is Verdict.BLOCKS_WRITES
    # Locks that keep only DDL away, or are let go, are not worse for it.
    assert judge(traced("COMMENT", locks=(lock(ORDERS, SUE),)), [scan]).verdict is Verdict.BRIEF_LOCK
    let_go = traced("ALTER TABLE", locks=(lock(ORDERS, until=Until.STATEMENT),))
    assert judge(let_go, [scan]).verdict is Verdict.BRIEF_LOCK


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (
            traced("INSERT", "insert into t values (1)", (WRITING,), ((ORDERS, Work.DATA),)),
            Verdict.BRIEF_LOCK,
        ),
        (
            traced("INSERT", "insert into t select 1", (WRITING,), ((ORDERS, Work.DATA),)),
            Verdict.BLOCKS_ALL,
        ),
        (traced("TRUNCATE TABLE", "", (lock(ORDERS),), ((ORDERS, Work.REWRITE),)), Verdict.BRIEF_LOCK),
    ],
    ids=["values", "query", "truncate"],
)
def test_what_is_done_at_once_prolongs_no_lock(later: TracedStatement, expected: Verdict) -> None:
    assert judge(traced("ALTER TABLE", locks=(lock(ORDERS),)), [later]).verdict is expected


def test_nobody_uses_what_the_plan_itself_has_made() -> None:
    statement = traced("ALTER TABLE", locks=(lock(ORDERS),), works=((ORDERS, Work.REWRITE),))
    assert judge(statement, (), {ORDERS}).verdict is Verdict.NEW_OBJECT


def test_concurrently_waits_and_that_is_documented() -> None:
    statement = traced("CREATE INDEX", locks=(lock(ORDERS, SUE),), works=((ORDERS, Work.SCAN),), waits=True)
    assert judge(statement, ()).verdict is Verdict.WAITS
    assert judge(statement, ()).documented


@pytest.mark.parametrize(
    ("text", "expected"), [("VACUUM (FULL) t", Verdict.REWRITES), ("VACUUM t", Verdict.SCANS)]
)
def test_what_runs_outside_of_transactions_is_judged_by_the_documentation(
    text: str, expected: Verdict
) -> None:
    judged = judge(traced("VACUUM", text, not_judged="VACUUM runs outside"), ())
    assert (judged.verdict, judged.documented) == (expected, True)


def test_what_was_not_traced_whole_is_never_quietly_fine() -> None:
    reason = "it depends on data"
    harmless = traced("DO", locks=(lock(ORDERS),), not_judged=reason)
    assert (judge(harmless, ()).verdict, judge(harmless, ()).because) == (Verdict.NOT_JUDGED, reason)
    assert judge(traced("DO", not_judged=reason), ()).verdict is Verdict.NOT_JUDGED
    bad = traced("DO", locks=(lock(ORDERS),), works=((ORDERS, Work.REWRITE),), not_judged=reason)
    assert (judge(bad, ()).verdict, judge(bad, ()).because) == (Verdict.REWRITES, reason)


def test_every_mode_blocks_what_the_manual_says() -> None:
    assert [blocks_of(mode) for mode in LockMode] == [
        *[Blocks.NOTHING] * 3,
        Blocks.DDL,
        *[Blocks.WRITES] * 3,
        Blocks.ALL,
    ]


def test_the_worst_is_the_first_of_the_list() -> None:
    assert worst([Verdict.NEW_OBJECT, Verdict.BLOCKS_ALL, Verdict.NOT_JUDGED]) is Verdict.BLOCKS_ALL
    assert worst([]) is None
    assert Verdict.REWRITES.is_at_least(Verdict.BLOCKS_WRITES)
    assert not Verdict.WAITS.is_at_least(Verdict.BLOCKS_WRITES)
    assert [each for each in Verdict if is_risky(each)] == [
        *(Verdict.REWRITES, Verdict.BLOCKS_ALL, Verdict.BLOCKS_WRITES, Verdict.NOT_JUDGED)
    ]
