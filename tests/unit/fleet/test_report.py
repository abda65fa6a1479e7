"""The report is as of one run over all targets, and says what is not known."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from dbmate_wrap.domain.fleet_end import TargetEnd
from dbmate_wrap.errors import ConfigError, ErrorReport, ExitCode
from dbmate_wrap.fleet.merge import merge
from dbmate_wrap.fleet.report import Report, report
from tests.support.fleet_outcomes import fleet_report as fleet_report_run
from tests.support.fleets import end_of, scope_of
from tests.support.shard_files import NAMES, failed_line, last_line, shard_lines, target_line

GOOD = [end_of(name, "applied", "014") for name in NAMES]
ACME, BOLT, CACTUS, DELTA = GOOD
FAILED = end_of("acme", "failed", "013", exit=ExitCode.FAILED, error=ErrorReport("no"))
DOWN = end_of("bolt", "failed", None, exit=ExitCode.UNREACHABLE, error=ErrorReport("no"))
PENDING = end_of("acme", "pending", "013")


def reported(*shards: Iterable[bytes]) -> Report:
    return report(merge((f"s{number}.jsonl", lines) for number, lines in enumerate(shards, 1)))


def told(found: Report) -> list[tuple[str, str]]:
    """What is said about the files where something is to be said."""
    return [(each.status, each.message) for each in found.checks if each.status != "pass"]


def test_shards_that_are_all_done_are_done() -> None:
    found = reported(shard_lines(GOOD[:2], shard="1/2"), shard_lines(GOOD[2:], shard="2/2"))
    assert (found.exit, found.error, told(found)) == (ExitCode.OK, None, [])
    assert (found.summary.shard, found.summary.size, found.summary.inventory) == (None, 4, NAMES)
    assert [check.message for check in found.checks] == [
        "s1.jsonl: 2 databases of shard 1/2, ended with 0 (ok)",
        "s2.jsonl: 2 databases of shard 2/2, ended with 0 (ok)",
    ]


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (GOOD, 0),
        ([*GOOD[2:], ACME, DOWN], 34),
        ([*GOOD[2:], FAILED, DOWN], 35),
        ([*GOOD[:3]], 34),
        ([FAILED], 35),
    ],
)
def test_the_exit_code_is_that_of_one_run_over_all(ends: Sequence[TargetEnd], code: int) -> None:
    assert (
        reported(shard_lines(ends, is_killed=True), [last_line(scope_of("up", names=NAMES), [])]).exit == code
    )


def test_drift_is_drift() -> None:
    differs = end_of("acme", "failed", exit=ExitCode.DRIFT, error=ErrorReport("differs"))
    found = reported(shard_lines([differs, end_of("bolt", "same")], verb="drift", names=("acme", "bolt")))
    assert (found.exit, found.error and found.error.message) == (33, "1 of 2 databases differ")
    assert found.summary.failures[0].command == "dbmate-wrap drift -e production --target acme"


def test_pending_is_an_end_where_the_shards_were_asked_for_it() -> None:
    scope = scope_of("status", names=("acme",))
    line = target_line(PENDING, verb="status")
    assert reported([line, last_line(scope, [PENDING], exit=ExitCode.PENDING)]).exit == ExitCode.PENDING
    assert reported([line, last_line(scope, [PENDING])]).exit == ExitCode.OK
    # A later run over all found nothing pending.
    done = target_line(ACME, verb="status", at=9)
    assert reported([line, last_line(scope, [PENDING], exit=ExitCode.PENDING), done]).exit == ExitCode.OK


def test_what_no_shard_reported_is_named_with_what_to_do() -> None:
    found = reported(
        shard_lines([ACME, BOLT], shard="1/3"), shard_lines([CACTUS], shard="3/3", is_killed=True)
    )
    assert found.summary.unreported == ("delta",)
    assert found.error == ErrorReport(
        "1 of 4 databases reported by no shard",
        "run the shards again that are not done: nothing is done twice",
    )
    assert told(found) == [
        ("warn", "s2.jsonl: 1 database of shard 3/3, no last document"),
        ("warn", "no file is of shard 2/3"),
    ]


def test_a_killed_run_is_no_trouble_once_another_has_told_the_rest() -> None:
    found = reported(shard_lines([ACME, BOLT], shard="1/1", is_killed=True), shard_lines(GOOD, shard="1/1"))
    assert (found.exit, told(found)) == (ExitCode.OK, [])


def test_a_shard_that_came_to_no_target_needs_a_person() -> None:
    failed = [failed_line(ExitCode.CONFIG, "STAGING_DATABASE_URL is not set")]
    found = reported(shard_lines([ACME], shard="1/2"), failed)
    assert found.exit == ExitCode.SOME_FAILED
    assert told(found) == [
        ("fail", "s2.jsonl: 0 databases, ended with 10 (config): STAGING_DATABASE_URL is not set"),
        ("warn", "no file is of shard 2/2"),
    ]
    # One that could not reach the database with the list of targets may the next time.
    assert reported(shard_lines([ACME]), [failed_line(ExitCode.UNREACHABLE, "x")]).exit == ExitCode.AGAIN
    assert reported(shard_lines(GOOD), failed).exit == ExitCode.OK


def test_a_stopped_run_says_why_until_a_later_one_came_to_what_it_left() -> None:
    scope = scope_of("up", names=NAMES)
    stopped = [
        target_line(FAILED),
        last_line(scope, [FAILED], not_begun=NAMES[1:], stopped="--max-failures 1"),
    ]
    found = reported(stopped)
    assert (found.summary.stopped, found.summary.not_begun) == ("--max-failures 1", NAMES[1:])
    again = reported(stopped, shard_lines(GOOD, at=9))
    assert (again.summary.stopped, again.summary.not_begun, again.exit) == (None, (), ExitCode.OK)


def test_text_between_the_documents_is_told_once_for_all_files() -> None:
    log = [b"Starting\n", b"done\n"]
    found = reported([*log, *shard_lines(GOOD)], [*log, *shard_lines([]), target_line(ACME)[:99]], [b"x\n"])
    assert told(found) == [
        ("warn", "s3.jsonl: no JSON lines of a run over a fleet"),
        ("warn", "1 document cut off, in s2.jsonl"),
        ("warn", "5 lines of other text skipped, in s1.jsonl, s2.jsonl, s3.jsonl"),
    ]


@pytest.mark.parametrize(
    ("shards", "lacking"),
    [
        (("1/4", "3/4"), "no file is of the shards 2/4, 4/4"),
        (("1/4", "1/3"), None),
        ((None, None), None),
        (("a", "b/c"), None),
    ],
)
def test_shards_of_which_there_is_no_file_are_named(
    shards: tuple[str | None, ...], lacking: str | None
) -> None:
    found = reported(*(shard_lines([end], shard=shard) for end, shard in zip(GOOD, shards, strict=False)))
    assert [check.message for check in found.checks if check.id == "report-shards"] == (
        [lacking] if lacking else []
    )


def test_without_a_last_document_the_fleet_has_to_be_named() -> None:
    with pytest.raises(ConfigError) as raised:
        reported(shard_lines(GOOD, is_killed=True))
    assert raised.value.message == "no file has the last document of a run, which names all databases"
    assert "dbmate-wrap fleet report --fleet tenants FILE..." in (raised.value.hint or "")


def test_a_report_is_no_run() -> None:
    run = fleet_report_run()
    with pytest.raises(ConfigError, match="the files are of `fleet report`"):
        reported([last_line(replace(scope_of("up"), verb="report"), [], exit=run.exit)])  # type: ignore[arg-type]
