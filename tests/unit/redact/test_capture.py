"""What is kept of a pipe is masked, bounded, and the same wherever the pipe cuts the bytes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.redact import NOTHING, Capture, Redactor

SECRET = "hünter2-Löng"
BYTES = st.lists(
    st.sampled_from(
        [
            SECRET.encode(),
            SECRET.encode()[:5],
            b"hunter",
            b"\n",
            b" ",
            b"\xff",
            "ü".encode(),
            b"\xc3",
            b"x" * 50,
        ]
    )
).map(b"".join)


@given(BYTES, st.integers(0, 200), st.data())
def test_no_part_of_a_secret_is_kept_wherever_the_pipe_cuts_the_bytes(
    content: bytes, limit: int, data: st.DataObject
) -> None:
    redactor = Redactor([SECRET])
    lines: list[str] = []
    kept = Capture(redactor, limit, lines.append)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(content)))))
    for start, end in pairwise([0, *cuts, len(content)]):
        kept.add(content[start:end])
    kept.close()
    whole = redactor.mask(content.decode("utf-8", "replace"))
    # All that is told is the masked text, cut: so no part of the secret that was not there alone.
    size = limit - limit // 2
    expected = whole
    if len(whole) > limit:
        tail = whole[len(whole) - size :]
        expected = f"{whole[: limit // 2]}\n[... {len(whole) - limit} characters left out ...]\n{tail}"
    assert kept.text() == expected
    assert kept.truncated == (len(whole) > limit)
    wanted = whole.split("\n")
    assert lines == [line[:limit] for line in (wanted if wanted[-1][:limit] else wanted[:-1])]


def test_what_comes_after_the_end_is_not_kept() -> None:
    kept = Capture(NOTHING, 100, None)
    kept.add(b"before")
    kept.close()
    kept.add(b"after")
    kept.close()
    assert kept.text() == "before"


def test_a_line_ends_where_windows_ends_it_too() -> None:
    lines: list[str] = []
    kept = Capture(NOTHING, 100, lines.append)
    kept.add(b"\rone\r\ntwo\r")
    kept.close()
    assert lines == ["\rone", "two"]
    assert kept.text() == "\rone\r\ntwo\r"


def test_what_hears_the_lines_and_fails_hears_no_more_and_its_error_is_kept() -> None:
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        raise ValueError(line)

    kept = Capture(NOTHING, 100, hear)
    assert kept.error is None
    kept.add(b"one\ntwo\n")
    kept.close()
    assert heard == ["one"]
    assert isinstance(kept.error, ValueError)
    assert kept.text() == "one\ntwo\n"


def test_beginning_and_end_are_kept_in_whatever_pieces_they_come() -> None:
    text = "abcdefghijklmnopqrstuvwxyz"
    for limit in range(len(text)):
        for size in range(1, 6):
            kept = Capture(NOTHING, limit, None)
            for start in range(0, len(text), size):
                kept.add(text[start : start + size].encode())
            kept.close()
            head, tail = text[: limit // 2], text[len(text) - (limit - limit // 2) :]
            assert kept.text() == f"{head}\n[... {len(text) - limit} characters left out ...]\n{tail}", (
                limit,
                size,
            )
