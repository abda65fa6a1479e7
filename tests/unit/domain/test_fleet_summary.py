"""A thousand databases that failed alike are one failure, and the exit code says whether to run again."""

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.fleet import FleetTarget, Inventory, Shard, TargetSelection
from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb, TargetEnd, target_end
from dbmate_wrap.domain.fleet_result import FleetTargetRow, StateCount, TargetState, VersionCount
from dbmate_wrap.domain.fleet_summary import RETRIABLE, exit_of, summarize
from dbmate_wrap.errors import ErrorReport, ExitCode
from tests.support.fleets import end_of, scope_of

SERVER = "db1.example.com:5432"


def unreachable(name: str, message: str) -> TargetEnd:
    return end_of(name, exit=ExitCode.UNREACHABLE, error=ErrorReport(message, "start it"))


def groups(ends: Iterable[TargetEnd], verb: FleetVerb = "up") -> list[tuple[int, tuple[str, ...]]]:
    found = summarize(scope_of(verb), ends, {}).failures
    return [(group.code, group.targets) for group in found]


def test_a_run_that_is_all_fine_has_states_and_versions_and_no_failure() -> None:
    ends = [end_of("a", "applied", "003"), end_of("b", "up to date", "003"), end_of("c", "pending", "001")]
    found = summarize(scope_of("up", names="abc"), ends, {"003": "003_c.sql", "001": "001_init.sql"})
    assert found.states == (StateCount("applied", 1), StateCount("up to date", 1), StateCount("pending", 1))
    assert found.versions == (VersionCount("003", "003_c.sql", 2), VersionCount("001", "001_init.sql", 1))
    assert (found.failures, found.not_begun, found.unreported, found.stopped) == ((), (), (), None)


def test_versions_are_newest_first_and_the_databases_without_one_last() -> None:
    ends = [end_of("a", version=None), end_of("b", version="099"), end_of("c", version="100")]
    found = summarize(scope_of("status"), ends, {"099": "099_x.sql"}).versions
    assert found == (
        VersionCount("100", None, 1),
        VersionCount("099", "099_x.sql", 1),
        VersionCount(None, None, 1),
    )


def test_failures_are_alike_by_code_migration_and_sqlstate_whatever_they_say() -> None:
    def failed(name: str, migration: str, sqlstate: str, code: ExitCode = ExitCode.FAILED) -> TargetEnd:
        return end_of(name, exit=code, error=ErrorReport(f"in {name}", None, sqlstate, migration))

    ends = [
        failed("a", "002_x.sql", "23502"),
        failed("b", "002_x.sql", "23505"),
        failed("c", "003_y.sql", "23502"),
        failed("d", "002_x.sql", "23502"),
        failed("e", "002_x.sql", "23502", ExitCode.PARTIAL),
    ]
    assert groups(ends) == [(30, ("a", "d")), (30, ("b",)), (30, ("c",)), (31, ("e",))]


def test_a_thousand_databases_of_a_server_that_is_down_are_one_failure() -> None:
    names = [f"tenant_{number:04}" for number in range(1000)]
    down = [unreachable(name, f"nothing answers on {SERVER}: connection refused") for name in names]
    assert groups(down) == [(21, tuple(names))]


@pytest.mark.parametrize(
    "text",
    [
        'there is no database "{name}" on db1:5432: FATAL: database "{name}" does not exist',
        'there is no database "crm{number}" on db1:5432: FATAL: database "crm{number}" does not exist',
        "nothing answers on {name}.db.example.com:5432: connection refused",
        "crm_{name} on db1:5432 did not answer in time",
        "no answer within {number} s",
        "no answer within {number}.{number}s",
        "an error of process {number} (dbmate-wrap/{number}ab, connected since 2026-01-31T12:00:0{number}Z)",
    ],
)
def test_what_differs_from_one_database_to_the_next_divides_no_group(text: str) -> None:
    ends = [unreachable(f"tenant-{n}", text.format(name=f"tenant-{n}", number=n)) for n in range(4)]
    assert len(groups(ends)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nothing answers on db1.example.com:5432", "nothing answers on db2.example.com:5432"),
        ("nothing answers on 10.0.0.1:5432", "nothing answers on 10.0.0.2:5432"),
        ("nothing answers on db:5432", "nothing answers on db:5433"),
        ("nothing answers on db:5432", "TLS to db:5432 failed"),
    ],
)
def test_two_servers_and_two_causes_are_two_failures(one: str, other: str) -> None:
    assert len(groups([unreachable("a", one), unreachable("b", other)])) == 2


def test_a_name_within_a_longer_word_is_no_name() -> None:
    message = "the connection was refused"
    assert groups([unreachable("us", message), unreachable("eu", message)]) == [(21, ("eu", "us"))]


def test_without_a_migration_two_reasons_of_one_code_are_two_failures() -> None:
    ends = [
        end_of("a", exit=ExitCode.REFUSED, error=ErrorReport("stamped as test (by x@y, 2026-01-31 12:00)")),
        end_of("b", exit=ExitCode.REFUSED, error=ErrorReport("stamped as test (by x@y, 2025-12-01 07:30)")),
        end_of("c", exit=ExitCode.REFUSED, error=ErrorReport("stamped as staging (by x@y, 2026-01-31)")),
    ]
    assert groups(ends) == [(20, ("a", "b")), (20, ("c",))]


def test_a_group_tells_the_first_target_of_the_inventory_whichever_ended_first() -> None:
    def failed(name: str) -> TargetEnd:
        error = ErrorReport(f"of {name}", "see `dbmate-wrap status`", "23502", "002_x.sql")
        return end_of(name, exit=ExitCode.FAILED, error=error)

    scope = scope_of("up", names="cab", environment="production")
    [group] = summarize(scope, [failed("a"), failed("b"), failed("c")], {}).failures
    assert group.targets == ("c", "a", "b")
    assert (group.code, group.name, group.message) == (30, "failed", "of c")
    assert group.command == "dbmate-wrap up -e production --target c"
    assert group.hint == "see `dbmate-wrap status -e production --target c`"


@pytest.mark.parametrize(
    ("name", "verb", "command"),
    [
        ("acme", "status", "dbmate-wrap status -e production --target acme"),
        ("a b's", "drift", "dbmate-wrap drift -e production --target 'a b'\"'\"'s'"),
        ("-rf", "up", "dbmate-wrap up -e production --target=-rf"),
        ("-a b", "up", "dbmate-wrap up -e production --target='-a b'"),
    ],
)
def test_the_command_for_one_target_can_be_typed_as_it_stands(
    name: str, verb: FleetVerb, command: str
) -> None:
    ends = [end_of(name, exit=ExitCode.FAILED)]
    [group] = summarize(scope_of(verb, environment="production"), ends, {}).failures
    assert group.command == command


def test_the_largest_group_comes_first() -> None:
    ends = [unreachable("a", "x"), *(end_of(name, exit=ExitCode.FAILED) for name in "bcd")]
    assert groups(ends) == [(30, ("b", "c", "d")), (21, ("a",))]


def test_what_was_not_begun_is_named_once_in_either_way() -> None:
    ends = [end_of("b", "not begun", "001"), end_of("a", "applied")]
    found = summarize(scope_of("up"), ends, {}, not_begun=("d", "b"), unreported=("x",), stopped="a signal")
    assert found.not_begun == ("d", "b")
    assert found.states == (StateCount("applied", 1), StateCount("not begun", 2))
    assert (found.unreported, found.stopped, found.failures) == (("x",), "a signal", ())


def test_a_scope_has_the_names_of_all_shards_that_the_labels_select() -> None:
    targets = [FleetTarget(name, name, labels={"region": "eu" if name < "c" else "us"}) for name in "abcd"]
    inventory = Inventory("tenants", "production", tuple(targets))
    scope = FleetScope.of("up", inventory, TargetSelection({"region": "eu"}, Shard(2, 8)))
    assert (scope.names, scope.size, scope.shard) == (("a", "b"), 4, "2/8")
    assert (scope.where, scope.digest) == (("region=eu",), inventory.digest)
    assert FleetScope.of("up", inventory, TargetSelection()).shard is None


OK, UNREACHABLE, LOCKED, BLOCKED = ExitCode.OK, ExitCode.UNREACHABLE, ExitCode.LOCKED, ExitCode.BLOCKED
FAILED, DRIFT, PENDING, TERMINATED = ExitCode.FAILED, ExitCode.DRIFT, ExitCode.PENDING, ExitCode.TERMINATED


@pytest.mark.parametrize(
    ("codes", "left", "code"),
    [
        ((), 0, 0),
        ((OK, OK), 0, 0),
        ((OK, PENDING), 0, 32),
        ((PENDING, UNREACHABLE), 0, 34),
        ((OK, UNREACHABLE, LOCKED, BLOCKED, TERMINATED), 0, 34),
        ((OK,), 1, 34),
        ((), 1, 34),
        ((UNREACHABLE,), 2, 34),
        ((UNREACHABLE, FAILED), 0, 35),
        ((ExitCode.INTERRUPTED,), 0, 35),
        ((FAILED,), 1, 35),
        ((OK, DRIFT), 0, 33),
        ((DRIFT, UNREACHABLE), 0, 35),
        ((DRIFT,), 1, 35),
    ],
)
def test_the_exit_code_says_whether_running_again_may_help(
    codes: tuple[ExitCode, ...], left: int, code: int
) -> None:
    ends = [end_of(str(number), exit=each) for number, each in enumerate(codes)]
    assert exit_of(ends, ["x"] * left) == code
    # One that was not begun has an end as well where its history was read.
    assert exit_of([*ends, *[end_of("x", "not begun")] * left], []) == code


@given(st.lists(st.sampled_from(ExitCode)), st.integers(0, 2))
def test_a_run_is_good_exactly_where_all_targets_are(codes: list[ExitCode], left: int) -> None:
    ends = [end_of(str(number), exit=code) for number, code in enumerate(codes)]
    found = exit_of(ends, ["x"] * left)
    assert found in (0, 32, 33, 34, 35)
    assert (found in (0, 32)) == (not left and set(codes) <= {OK, PENDING})
    assert (found == 34) == (found not in (0, 32) and {*codes} - {OK, PENDING} <= RETRIABLE)


@given(st.permutations([*product(("a", "b", "c"), (UNREACHABLE, FAILED))]))
def test_the_order_in_which_targets_end_changes_nothing(order: list[tuple[str, ExitCode]]) -> None:
    ends = [end_of(f"{name}{int(code)}", exit=code) for name, code in order]
    sorted_ends = sorted(ends, key=lambda end: end.row.name)
    assert summarize(scope_of("up"), ends, {}) == summarize(scope_of("up"), sorted_ends, {})


def test_of_an_error_no_more_is_kept_than_a_summary_tells() -> None:
    error = ErrorReport("m" * 5000, "h" * 5000, "23502", "002_x.sql", 7, frame="f" * 5000)
    kept = target_end(row(), FAILED, error, 12)
    assert kept.error is not None
    assert (len(kept.error.message), len(kept.error.hint or ""), kept.error.frame) == (2003, 2003, None)
    assert (kept.error.sqlstate, kept.error.migration, kept.error.line) == ("23502", "002_x.sql", 7)
    assert target_end(row(), OK, None).error is None


def row(state: TargetState = "failed") -> FleetTargetRow:
    return FleetTargetRow("tenants", "a", (), None, "d" * 64, state, None, 0)
