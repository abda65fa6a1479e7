"""The parser needs no more stack than `sql/grammar.py` reckons with; too little would end the process."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PARSE_ALL = """
import sys, threading
from dbmate_wrap.sql import grammar
from dbmate_wrap.sql.nesting import nesting_of
from tests.support.nested_sql import KINDS, nested_sql

for kind in KINDS:
    for levels in (400, 1_500):
        sql = nested_sql(kind, levels)
        stack = (100 << 10) + 400 * nesting_of(sql, 10**9).depth
        threading.stack_size(-(-stack // 4096) * 4096)
        print(kind, levels, stack, flush=True)
        thread = threading.Thread(target=grammar._parse, args=(sql,))
        thread.start()
        thread.join()
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
def test_a_level_takes_at_most_400_bytes_of_stack() -> None:
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run([sys.executable, "-c", PARSE_ALL], cwd=root, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.split("\n")[-2:]) == (0, ["done", ""]), ended.stdout[-200:]
