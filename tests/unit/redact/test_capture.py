"""What is kept of a pipe is masked, bounded, and the same wherever the pipe cuts the bytes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.redact import NOTHING, Capture, Redactor

SECRET = "hünter2-Löng"
BYTES = st.lists(
    st.sampled_from(
        [SECRET.encode(), SECRET.encode()[:5], b"hunter", b"\n", b" ", b"\xff", "ü".encode(), b"x" * 50]
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
