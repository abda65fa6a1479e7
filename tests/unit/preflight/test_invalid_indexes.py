"""The second look at invalid indexes, and what it does not repeat."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from dbmate_wrap import preflight
from dbmate_wrap.postgres import queries, server_facts
from dbmate_wrap.postgres.session import Cell, Session
from dbmate_wrap.preflight import engine
from dbmate_wrap.preflight.check import CheckInput, CheckResult, passed
from tests.support.preflight import preflight_context

CONTEXT = preflight_context("postgres://app@db.example.org/crm", "dbmate-wrap/abc")
INVALID = {"schema": "crm", "name": "i", "quoted": "crm.i", "visible": False}


@dataclass
class Counted:
    """How often each check was made, each part of the health asked for, and for how long it was waited."""

    checks: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


class FakeSession(Session):
    """Tells of one more list of invalid indexes each time it is asked, and of nothing else."""

    def __init__(self, counted: Counted, *invalid: bool) -> None:
        self._counted, self._invalid = counted, iter(invalid)

    def rows(self, query: str, parameters: Mapping[str, Cell] | None = None) -> list[tuple[Cell, ...]]:
        asked = [part for part in server_facts._PARTS if queries.load_query(f"preflight_{part}") in query]
        self._counted.parts.update(asked)
        return [tuple(self._answer() if part == "indexes" else "{}" for part in asked)]

    def _answer(self) -> str:
        return json.dumps({"invalid": [INVALID] if next(self._invalid) else []})


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Every check counts itself; all but the one of the indexes pass without a look."""
    result = Counted()

    def counting(id_: str, function: engine.CheckFunction) -> engine.CheckFunction:
        def count(given: CheckInput) -> CheckResult:
            result.checks[id_] += 1
            return function(given) if id_ == "invalid-indexes" else passed("")

        return count

    monkeypatch.setattr(
        engine, "CHECKS", tuple((id_, counting(id_, function)) for id_, function in engine.CHECKS)
    )
    monkeypatch.setattr(time, "sleep", result.waits.append)
    return result


@pytest.mark.parametrize(("second", "status"), [(False, "pass"), (True, "warn")])
def test_an_invalid_index_is_looked_at_twice_and_nothing_else_is(
    counted: Counted, second: bool, status: str
) -> None:
    """Each look behind a pooler costs six logins."""
    checks = preflight.check_server(FakeSession(counted, True, second), CONTEXT)
    ids = [id_ for id_, _ in engine.CHECKS]
    assert [check.id for check in checks] == ids
    assert {check.id: check.status for check in checks} == dict.fromkeys(ids, "pass") | {
        "invalid-indexes": status
    }
    assert counted.checks == Counter([*ids, "invalid-indexes"])
    assert counted.parts == Counter([*server_facts._PARTS, "indexes"])
    assert len(counted.waits) == 1


def test_without_an_invalid_index_nothing_is_looked_at_twice(counted: Counted) -> None:
    checks = preflight.check_server(FakeSession(counted, False), CONTEXT)
    assert {check.status for check in checks} == {"pass"}
    assert counted.checks == Counter(id_ for id_, _ in engine.CHECKS)
    assert counted.waits == []
