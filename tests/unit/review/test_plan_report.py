"""What is told of a plan, the gate that may end it, and what is not judged where the database differs."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.live_relation import Durations
from dbmate_wrap.domain.migration import Block, MigrationFile, ParsedMigration, Section
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.domain.plan_rows import plan_rows
from dbmate_wrap.domain.statement_trace import Work
from dbmate_wrap.domain.verdict import Verdict
from dbmate_wrap.errors import FailedError, PolicyError, PreflightError
from dbmate_wrap.review.measured_plan import Measured, without_drift
from dbmate_wrap.review.plan_report import (
    GateAnswer,
    Listed,
    PlanFacts,
    ask_gate,
    raise_for_rows,
    verdicts_in_words,
)
from dbmate_wrap.settings import Values
from tests.support.plans import LIVE, ORDERS, PROBES, STATEMENTS, TOOK, lock, sample_plan, traced

STEPS = tuple(
    Step(version, f"{version}_change.sql", transaction=True, own_process=False)
    for version in ("002", "003", "004", "005")
)


def migration(version: str, sql: str) -> ParsedMigration:
    """A migration with this migrate:up."""
    file = MigrationFile(f"{version}_change.sql", version, "0" * 64, sql.encode())
    return ParsedMigration(file, (Section(Block(f"-- migrate:up\n{sql}", 1), Block("", 9)),))


LISTED = Listed(STEPS, "4 pending")


def test_each_step_gets_its_rows_and_the_summary_says_where_they_are_from() -> None:
    live = PlanFacts(Measured(STATEMENTS, origin="embedded 18"), LIVE, Durations(TOOK, ("a note",)))
    told = replace(LISTED, pending="4 pending before the rollout", stop="\nstopped").tell(live)
    assert [step.verdict for step in told.result.steps] == [
        *(Verdict.BLOCKS_WRITES, Verdict.WAITS, Verdict.BLOCKS_ALL, Verdict.NOT_JUDGED)
    ]
    assert told.result.steps[0].took == TOOK["002"]
    assert told.result.notes == ("a note",)
    assert told.summary == (
        "4 pending before the rollout; 6 statements measured on embedded 18, 1 of them not judged;"
        " nothing was changed\nstopped"
    )


def test_a_migration_that_fails_and_those_after_it_have_no_verdict() -> None:
    failed = FailedError("no", migration="004_change.sql")
    told = LISTED.tell(PlanFacts(Measured(STATEMENTS[:4], failed, origin="x")))
    steps = told.result.steps
    assert [step.verdict for step in steps] == [Verdict.BLOCKS_WRITES, Verdict.WAITS, None, None]
    assert len(steps[2].statements) == 1
    assert "up to what fails in 004_change.sql" in told.summary


def test_nothing_measured_is_said_so() -> None:
    unmeasured = PlanFacts(Measured((), notes=("no server",), is_measured=False), notes=("no size",))
    told = LISTED.tell(unmeasured)
    assert told.summary == "4 pending; nothing was changed"
    assert told.result.notes == ("no server", "no size")


def gate_of(plan: PlanResult, **settings: object) -> GateAnswer:
    """What the gate of these settings answers."""
    values = Values.model_construct(**{**Values.model_construct().model_dump(), **settings})
    return ask_gate(plan.steps, values, "db/migrations")


def gated(**settings: object) -> PolicyError | None:
    """The error of the gate for the sample, or None."""
    answer = gate_of(sample_plan(None), **settings)
    assert {found.rule for found in answer.findings} == ({"plan"} if answer.error else set())
    return answer.error


def test_the_gate_names_place_and_way_out() -> None:
    assert gated(plan_fail_on=None, plan_size_limit=None) is None
    assert gated(plan_fail_on="rewrites", plan_size_limit=None) is None
    one = gated(plan_fail_on="blocks all", plan_size_limit=None)
    assert one is not None
    assert one.message.startswith("db/migrations/004_change.sql:2: blocks all: public.orders")
    assert (one.migration, one.line) == ("004_change.sql", 2)
    assert one.hint is not None
    assert one.hint.startswith("the safe way: dbmate-wrap explain one-lock-a-migration; the gate is")
    two = gated(plan_fail_on="blocks writes", plan_size_limit=None)
    assert two is not None
    assert two.message == "2 statements are over the gate of plan"


def test_a_gate_without_sizes_says_what_it_left_out() -> None:
    answer = gate_of(sample_plan(None), plan_fail_on="blocks writes", plan_size_limit=1024**3)
    assert answer.error is None
    assert answer.notes == (
        'the gate (fail_on = "blocks writes" on 1 GB or more) left out 2 statements: the size of what is'
        " locked is not known",
        'the gate (fail_on = "blocks writes" on 1 GB or more) left out 1 statement not judged',
    )


def test_rows_in_the_way_are_an_error_of_the_server_as_it_is_now() -> None:
    # An UPDATE that comes before may fix the rows of the sample.
    raise_for_rows(PROBES)
    fails = replace(PROBES[0], probe=replace(PROBES[0].probe, changed_first=None))
    with pytest.raises(PreflightError, match="20 or more rows would") as error:
        raise_for_rows([*PROBES, fails])
    assert error.value.hint is not None
    assert "WHERE note IS NULL" in error.value.hint


def test_verdicts_in_words_name_table_and_line() -> None:
    assert verdicts_in_words(plan_rows(STATEMENTS)) == {
        "002": "blocks writes on public.orders (line 4)",
        "003": "waits for old transactions on public.orders (line 2)",
        "004": "blocks all on public.orders (line 2)",
        "005": "not judged (line 2)",
    }


FAILED = FailedError('relation "public.x" does not exist', sqlstate="42P01", migration="002_change.sql")
PENDING = (
    migration("002", "create table a (i int);\nalter table public.x add j int;"),
    migration("003", "select 1;"),
)
FIRST = traced("CREATE TABLE", line=2, makes=("public.a",))


def test_what_exists_in_the_database_alone_is_not_judged_and_nothing_after_it_is() -> None:
    found = without_drift(Measured((FIRST,), FAILED), PENDING, lambda name: name == "public.x")
    assert found.failed is None
    assert [(each.file, each.line, each.not_judged) for each in found.statements] == [
        ("002_change.sql", 2, None),
        ("002_change.sql", 3, "not in the history: public.x exists in the database alone"),
        ("003_change.sql", 2, "it comes after a statement that is not judged"),
    ]
    assert "dbmate-wrap drift" in found.notes[0]


def test_what_exists_nowhere_is_the_error_of_the_migration() -> None:
    measured = Measured((FIRST,), FAILED)
    assert without_drift(measured, PENDING, lambda name: False) == measured
    other = Measured((FIRST,), FailedError("relation", sqlstate="42P07"))
    assert without_drift(other, PENDING, lambda name: True) == other
    done = Measured((traced("ALTER TABLE", locks=(lock(ORDERS),), works=((ORDERS, Work.SCAN),)),))
    assert without_drift(done, PENDING, lambda name: True) == done
