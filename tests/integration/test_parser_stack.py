"""Within the limit of depth no statement ends the process: the parser has as much stack as it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

MEASURE_STACK = """
import threading
from dbmate_wrap.sql import grammar
from tests.support.nested_sql import KINDS, depth_of, nested_sql

for kind in KINDS:
    for levels in (400, 1_500):
        sql = nested_sql(kind, levels)
        stack = (100 << 10) + 400 * depth_of(sql)
        threading.stack_size(-(-stack // 4096) * 4096)
        print(kind, levels, stack, flush=True)
        thread = threading.Thread(target=grammar._parse, args=(sql,))
        thread.start()
        thread.join()
print("done")
"""
READ_DEEPEST = """
from dbmate_wrap.sql.grammar import DEEPEST
from dbmate_wrap.sql.parse import read_sql
from tests.support.nested_sql import KINDS, levels_below, nested_sql

# The grammar refuses some 10,000 levels of most of the others.
chains = {"addition", "concatenation", "cast", "collate", "is null", "cross join", "union"}
for kind in KINDS:
    limit = levels_below(kind, DEEPEST)
    print(kind, limit, flush=True)
    deepest, deeper = (f"{nested_sql(kind, levels)};" for levels in (limit, limit + 3))
    reading = read_sql(f"{deepest}{deeper}select 2")
    *refused, last = reading.unreadable
    assert {place.kind for place in refused} <= {"syntax"}
    assert kind not in chains or not refused
    assert (last.kind, last.offset) == ("too-deep", len(deepest))
    assert reading.statements[-1].text == "select 2"
print("done")
"""


def run_script(script: str) -> None:
    """Run it in a process of its own: a stack that overflows ends the process."""
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    told = ended.stdout[-200:] + ended.stderr
    assert (ended.returncode, ended.stdout.split("\n")[-2:]) == (0, ["done", ""]), told


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
def test_a_level_takes_at_most_400_bytes_of_stack() -> None:
    run_script(MEASURE_STACK)


@pytest.mark.slow
def test_the_deepest_statement_of_each_kind_ends_nothing() -> None:
    run_script(READ_DEEPEST)
