"""The files of the shards become one result: of one inventory, the latest word about each target."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.fleet import FleetTarget, Inventory
from dbmate_wrap.domain.fleet_end import TargetEnd
from dbmate_wrap.errors import ConfigError, ErrorReport, ExitCode
from dbmate_wrap.fleet.merge import Merged, merge
from tests.support.fleets import end_of, scope_of
from tests.support.shard_files import NAMES, failed_line, last_line, shard_lines, target_line

ACME, BOLT, CACTUS, DELTA = (end_of(name, "applied", "014") for name in NAMES)
FAILED = end_of("acme", "failed", "013", exit=ExitCode.FAILED, error=ErrorReport("no"))


def merged(*shards: Iterable[bytes]) -> Merged:
    return merge((f"s{number}.jsonl", lines) for number, lines in enumerate(shards, 1))


def error_of_merging(*shards: Iterable[bytes]) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        merged(*shards)
    return raised.value


def with_digest(end: TargetEnd, digest: str) -> TargetEnd:
    return replace(end, row=replace(end.row, digest=digest))


def test_two_shards_are_one_run() -> None:
    found = merged(shard_lines([BOLT, DELTA], shard="1/2"), shard_lines([ACME, CACTUS], shard="2/2"))
    assert [end.row.name for end in found.ends] == [*NAMES]
    assert (found.names, found.missing, found.not_begun, found.size) == (NAMES, (), (), 4)
    assert [(each.name, each.targets, each.shard, each.exit) for each in found.shard_files] == [
        ("s1.jsonl", 2, "1/2", ExitCode.OK),
        ("s2.jsonl", 2, "2/2", ExitCode.OK),
    ]
    assert found.files == {"014": "014_unique_email.sql"}


@given(st.permutations([(FAILED, 0), (ACME, 5), (end_of("acme"), 9)]))
def test_the_run_that_began_last_has_the_last_word_in_whatever_order(
    order: list[tuple[TargetEnd, int]],
) -> None:
    found = merged(*(shard_lines([end], at=at) for end, at in order))
    assert [end.row.state for end in found.ends] == ["up to date"]


def test_of_two_that_began_at_once_the_later_line_counts() -> None:
    found = merged(shard_lines([FAILED]), shard_lines([ACME]))
    assert [end.row.state for end in found.ends] == ["applied"]


def test_a_retry_that_was_stopped_before_it_does_not_hide_a_failure() -> None:
    not_begun = end_of("acme", "not begun", "013", exit=ExitCode.AGAIN)
    for shards in ([FAILED], [not_begun]), ([not_begun], [FAILED]):
        found = merged(*(shard_lines(ends, at=number) for number, ends in enumerate(shards)))
        assert [end.exit for end in found.ends] == [ExitCode.FAILED]
    # It is what is known where nothing else is.
    assert merged(shard_lines([not_begun])).ends == (not_begun,)


def test_what_no_shard_reported_is_missing_and_what_one_did_not_begin_is_not() -> None:
    scope = scope_of("up", names=NAMES)
    last = last_line(scope, [ACME], not_begun=("bolt",), stopped="3 failed")
    found = merged([target_line(ACME), last], shard_lines([CACTUS], is_killed=True))
    assert (found.missing, found.not_begun, found.stopped) == (("delta",), ("bolt",), "3 failed")
    # A retry that came to it tells more.
    again = merged([target_line(ACME), last], shard_lines([BOLT]))
    assert (again.not_begun, again.missing) == ((), ("cactus", "delta"))


def test_a_killed_run_is_told_from_one_that_ended() -> None:
    killed = shard_lines([ACME], is_killed=True)
    ended = shard_lines([ACME])
    found = merged(killed, ended, [*ended, *killed], [*killed, *ended], [])
    assert [each.exit for each in found.shard_files] == [None, ExitCode.OK, None, ExitCode.OK, None]


def test_a_run_that_failed_before_its_targets_is_told() -> None:
    found = merged(shard_lines([ACME]), [failed_line(ExitCode.CONFIG, "no URL")])
    assert [(each.exit, each.failure) for each in found.shard_files] == [(0, None), (10, "no URL")]
    again = merged([failed_line(ExitCode.CONFIG, "no URL"), *shard_lines([ACME])])
    assert [(each.exit, each.failure) for each in again.shard_files] == [(0, None)]


def test_text_between_the_documents_is_counted() -> None:
    lines = [b"Starting\n", *shard_lines([ACME]), target_line(BOLT)[:80], b"\n", b"killed\n"]
    [file] = merged(lines).shard_files
    assert (file.skipped, file.cut_off) == (2, 1)


def test_without_any_last_document_nobody_says_which_targets_there_are() -> None:
    found = merged(shard_lines([ACME], is_killed=True))
    assert (found.names, found.missing) == (None, ())


def test_the_inventory_of_the_project_says_it_too() -> None:
    inventory = Inventory("tenants", "production", tuple(FleetTarget(name, name) for name in NAMES))
    killed = shard_lines([with_digest(ACME, inventory.digest)], is_killed=True)
    found = merged(killed).within(inventory)
    assert (found.names, found.missing, found.size) == (NAMES, ("bolt", "cactus", "delta"), 4)
    with pytest.raises(
        ConfigError, match=r"not of one inventory: 5eed5eed5eed in the files; \w{12} in the fleet"
    ):
        merged(shard_lines([ACME])).within(inventory)
    with pytest.raises(ConfigError, match="not of one fleet: tenants in the files; others in the fleet"):
        merged(killed).within(replace(inventory, fleet="others"))


def test_what_the_files_select_is_not_widened_by_the_project() -> None:
    inventory = Inventory("tenants", "production", tuple(FleetTarget(name, name) for name in NAMES))
    scope = replace(scope_of("up", names=("acme",)), digest=inventory.digest, where=("region=eu",), size=4)
    end = with_digest(ACME, inventory.digest)
    assert merged([target_line(end), last_line(scope, [end])]).within(inventory).names == ("acme",)


def test_runs_over_the_canaries_and_over_all_are_one_report() -> None:
    canary = replace(scope_of("up", names=("cactus",)), where=("wave=canary",), size=4)
    canaries = [target_line(CACTUS), last_line(canary, [CACTUS])]
    for shards in ((canaries, shard_lines([ACME])), (shard_lines([ACME]), canaries)):
        found = merged(*shards)
        assert (found.names, found.where, found.missing) == (NAMES, (), ("bolt", "delta"))


def test_regions_of_one_tier_are_one_report_about_the_tier() -> None:
    def region(name: str, end: TargetEnd) -> list[bytes]:
        scope = replace(scope_of("up", names=(end.row.name,)), where=(f"region={name}", "tier=1"), size=4)
        return [target_line(end), last_line(scope, [end])]

    found = merged(region("eu", ACME), region("us", BOLT))
    assert (found.names, found.where) == (("acme", "bolt"), ("tier=1",))


def test_two_inventories_are_told_with_their_files() -> None:
    other = with_digest(BOLT, "0123" * 16)
    error = error_of_merging(
        shard_lines([ACME]), shard_lines([other], is_killed=True), shard_lines([CACTUS], is_killed=True)
    )
    assert error.message == (
        "the files are not of one inventory: 5eed5eed5eed in s1.jsonl, s3.jsonl; 012301230123 in s2.jsonl"
    )
    assert "run every shard again" in (error.hint or "")
    assert error.code == 10


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (target_line(BOLT, verb="status"), "command: fleet up in s1.jsonl; fleet status in s2.jsonl"),
        (target_line(BOLT, environment="dev"), "environment: production in s1.jsonl; dev in s2.jsonl"),
        (
            target_line(replace(BOLT, row=replace(BOLT.row, fleet="x"))),
            "fleet: tenants in s1.jsonl; x in s2.jsonl",
        ),
    ],
    ids=["command", "environment", "fleet"],
)
def test_files_that_do_not_fit_are_told_apart(line: bytes, told: str) -> None:
    assert error_of_merging(shard_lines([ACME]), [line]).message == f"the files are not of one {told}"


def test_one_file_with_two_runs_that_do_not_fit_is_named_too() -> None:
    error = error_of_merging([*shard_lines([ACME]), target_line(BOLT, environment="dev")])
    assert "production in s1.jsonl; dev in s1.jsonl" in error.message


@pytest.mark.parametrize("lines", [[], [b"hello\n"], [b"\n"]])
def test_where_no_file_is_of_a_fleet_the_command_that_makes_one_is_told(lines: list[bytes]) -> None:
    error = error_of_merging(lines)
    assert error.message == "no JSON lines of a run over a fleet in s1.jsonl"
    assert "fleet up --format json" in (error.hint or "")


def test_where_no_run_came_to_a_target_its_error_is_told() -> None:
    error = error_of_merging([failed_line(ExitCode.CONFIG, "no URL")])
    assert error.message == "no run came to a database; the one of s1.jsonl ended with 10 (config): no URL"


def test_what_a_later_version_wrote_is_not_guessed_at() -> None:
    error = error_of_merging([target_line(ACME).replace(b'"format_version":1', b'"format_version":2')])
    assert "s1.jsonl was written by a later dbmate-wrap (format_version 2)" in error.message


def test_many_files_are_named_in_part() -> None:
    other = shard_lines([with_digest(BOLT, "0123" * 16)], is_killed=True)
    error = error_of_merging(*([shard_lines([ACME])] * 20), other)
    assert "s4.jsonl, s5.jsonl and 15 more; 012301230123 in s21.jsonl" in error.message


TARGETS = st.sampled_from([ACME, BOLT, CACTUS, DELTA, FAILED])


@given(st.lists(st.lists(TARGETS, max_size=5), min_size=1, max_size=4), st.randoms())
def test_how_the_documents_are_spread_over_files_changes_nothing(
    shards: list[list[TargetEnd]], order: Random
) -> None:
    documents = [target_line(end, at=at) for at, end in enumerate(end for ends in shards for end in ends)]
    last = last_line(scope_of("up", names=NAMES), [])
    whole = merged([*documents, last])
    order.shuffle(documents)
    parts: list[list[bytes]] = [[last], []]
    for document in documents:
        order.choice(parts).append(document)
    found = merged(*parts)
    assert (found.ends, found.missing) == (whole.ends, whole.missing)
