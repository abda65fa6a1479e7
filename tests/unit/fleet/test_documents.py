"""The documents of a run are found in whatever log they stand, and nothing else is taken for one."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.documents import (
    FailedRun,
    LastDocument,
    NewerDocument,
    TargetDocument,
    Unread,
    read_documents,
)
from dbmate_wrap.render import json as json_format
from tests.support.fleet_outcomes import FLEET_OUTCOMES
from tests.support.fleets import DIGEST, end_of, scope_of
from tests.support.outcomes import ENDED, OUTCOMES
from tests.support.shard_files import failed_line, last_line, target_line

ACME = end_of(
    "acme",
    "failed",
    "013",
    exit=ExitCode.FAILED,
    error=ErrorReport("no\nyes é", "mend it", "23505", "014_unique_email.sql", 3),
    labels=("region=eu", "wave=canary"),
)
LINE = target_line(ACME)
LAST = last_line(
    scope_of("up", names=("acme", "bolt"), shard="1/2"), [ACME], not_begun=("bolt",), stopped="no"
)


def test_a_target_comes_back_as_it_ended() -> None:
    [found] = read_documents([LINE])
    assert isinstance(found, TargetDocument)
    assert found.end == ACME
    assert found.files == {"014": "014_unique_email.sql"}
    assert (found.origin.command, found.origin.environment, found.origin.fleet, found.origin.digest) == (
        "fleet up",
        "production",
        "tenants",
        DIGEST,
    )
    assert found.started_at.isoformat() == "2026-01-31T12:30:05.123000+00:00"


def test_the_last_document_has_the_names_of_all_shards() -> None:
    [found] = read_documents([LAST])
    assert isinstance(found, LastDocument)
    assert (found.inventory, found.not_begun, found.stopped) == (("acme", "bolt"), ("bolt",), "no")
    assert (found.exit, found.size, found.shard, found.where) == (ExitCode.SOME_FAILED, 2, "1/2", ())
    assert found.files == {"013": "013_index_orders.sql"}


def test_a_run_that_came_to_no_target_has_its_error() -> None:
    assert [*read_documents([failed_line(ExitCode.CONFIG, "no such fleet")])] == [
        FailedRun(ExitCode.CONFIG, "no such fleet")
    ]


@pytest.mark.parametrize("name", [name for name in FLEET_OUTCOMES if "target" in name])
def test_every_target_that_is_written_can_be_read(name: str) -> None:
    [found] = read_documents([json_format.render_line(FLEET_OUTCOMES[name](), ENDED).encode()])
    assert isinstance(found, TargetDocument)


@pytest.mark.parametrize("name", [name for name in OUTCOMES if name not in FLEET_OUTCOMES])
def test_documents_of_other_commands_are_other_text(name: str) -> None:
    line = json_format.render_line(OUTCOMES[name](), ENDED).encode()
    assert [type(found) for found in read_documents([line])] == [Unread]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"2026-01-31T12:30:05.1234567Z ", b""),
        (b"2026-01-31T12:30:05Z stdout F ", b""),
        (b"[worker 3] {x} ", b" (end)"),
        (b"\xef\xbb\xbf", b""),
        (b"  ", b"\r"),
        (b"\x1b[0m", b"\x1b[0K"),
    ],
)
def test_what_a_log_writes_around_it_does_no_harm(before: bytes, behind: bytes) -> None:
    [found] = read_documents([before + LINE.rstrip() + behind + b"\n"])
    assert isinstance(found, TargetDocument)
    assert found.end == ACME


@pytest.mark.parametrize("again", [json.dumps, lambda each: json.dumps(each, sort_keys=True)])
def test_it_may_be_written_anew_by_another_program(again: Callable[[object], str]) -> None:
    [found] = read_documents([again(json.loads(LINE)).encode()])
    assert isinstance(found, TargetDocument)
    assert found.end == ACME


@given(st.integers(1, len(LINE) - 2))
def test_a_line_that_was_cut_off_is_no_document_wherever_that_was(place: int) -> None:
    found = [*read_documents([LINE[:place]])]
    assert all(isinstance(each, Unread) for each in found)
    assert place < 20 or found == [Unread(cut_off=True)]


@given(st.integers(20, len(LINE) - 2))
def test_what_a_retried_run_appends_to_a_cut_off_line_is_read(place: int) -> None:
    cut_off, whole = sorted(
        read_documents([LINE[:place] + LINE]), key=lambda each: isinstance(each, TargetDocument)
    )
    assert cut_off == Unread(cut_off=True)
    assert isinstance(whole, TargetDocument)
    assert whole.end == ACME


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"{}",
        b"[]",
        b"null",
        b'{"level":"info","msg":"x"}',
        b'{"format_version":1}',
        b'{"format_version":1,"command":"fleet up"}',
        b'{"format_version":"1","command":"fleet up"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format_version":' + b"1" * 5000 + b"}",
        b"\xff\xfe{\x00",
    ],
    ids=lambda line: line[:30],
)
def test_other_text_is_counted_and_never_more(line: bytes) -> None:
    assert {type(found) for found in read_documents([line])} == {Unread}


def test_empty_lines_are_nothing() -> None:
    assert [*read_documents([b"\n", b"  \r\n", b""])] == []


def test_a_later_format_is_told_apart() -> None:
    document = json.loads(LINE) | {"format_version": 2}
    assert [*read_documents([json.dumps(document).encode()])] == [NewerDocument(2)]


VALUES = st.sampled_from([None, 7, -1, 1.5, True, "x", "", [], ["x", 7], {}, {"code": 999}, {"message": 7}])


@given(st.data())
def test_a_document_with_a_wrong_value_is_read_or_left_out(data: st.DataObject) -> None:
    document = json.loads(data.draw(st.sampled_from([LINE, LAST])))
    part = data.draw(st.sampled_from([document, document.get("fleet_target") or document["fleet"]]))
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(VALUES)
    [found] = read_documents([json.dumps(document).encode()])
    assert isinstance(found, TargetDocument | LastDocument | FailedRun | NewerDocument | Unread)
