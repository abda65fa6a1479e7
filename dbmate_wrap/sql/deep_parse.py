"""Parses long statements in a child process first, because the parser may end the process that it runs in."""

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from dbmate_wrap import process
from dbmate_wrap.sql.grammar import TOO_DEEP, Refused, parsed

# The parser's recursion takes some 420 bytes a level (x86-64); the child has half of our room, so that what
# it survives we survive.
_CHILD_ROOM = 256 << 20
_ROOM = 512 << 20
_MOST_CRASHES = 8


@dataclass(frozen=True)
class Allowance:
    """How many seconds of the processor `base` and each million bytes of text may take."""

    base: float
    per_megabyte: float

    def of(self, size: int) -> float:
        """For a text of that many bytes."""
        return self.base + self.per_megabyte * size / 1e6


# Packing a deep tree takes time in the square of its depth (measured: 40,000 levels 1 s, 400,000 four
# minutes); 1 MB of flat SQL takes up to 0.7 s.
_OF_ONE = Allowance(2.0, 3.0)
_OF_ALL = Allowance(5.0, 3.0)
# Where nothing counts seconds of the processor (Windows), or the machine is busy: this many times as long.
_PATIENCE = 5.0


def survives(texts: Sequence[str]) -> list[bool]:
    """For each text, whether parsing it ends well and in time; starts a child only if there is a text."""
    verdicts: list[bool] = []
    data = [text.encode("utf-8", "replace") for text in texts]
    seconds = _OF_ALL.of(sum(map(len, data)))
    for _ in range(_MOST_CRASHES):
        if len(verdicts) == len(data) or seconds <= 0:
            break
        took = _try(data[len(verdicts) :], seconds)
        verdicts += [True] * len(took)
        seconds -= sum(took)
        if len(verdicts) < len(data):
            seconds -= _OF_ONE.of(len(data[len(verdicts)]))
            verdicts.append(False)
    return verdicts + [False] * (len(data) - len(verdicts))


def parsed_with_room(text: str) -> Sequence[pb.RawStmt] | Refused:
    """As `parsed`, with a stack for deep recursion."""
    results: list[Sequence[pb.RawStmt] | Refused] = []
    before = threading.stack_size(_ROOM)
    try:
        thread = threading.Thread(target=lambda: results.append(parsed(text)))
        thread.start()
    except RuntimeError:
        return TOO_DEEP
    finally:
        threading.stack_size(before)
    thread.join()
    return results[0] if results else TOO_DEEP


def _try(data: Sequence[bytes], seconds: float) -> list[float]:
    """For each of the texts that a child parses before it dies: seconds of its processor."""
    env = process.inherited(("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"))
    env["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    child = [sys.executable, "-P", "-m", "dbmate_wrap.sql.deep_parse_child", str(_CHILD_ROOM)]
    try:
        ended = process.run(
            [*child, str(seconds)],
            env=env,
            stdin=b"".join(b"%d %f\n%b" % (len(text), _OF_ONE.of(len(text)), text) for text in data),
            timeout=_PATIENCE * seconds,
            dies_with_us=True,
        )
    except OSError:
        return []
    # What dies while it writes leaves half a line.
    lines = ended.stdout.split("\n")[:-1]
    return [float(line) for line in lines[: len(data)]]
