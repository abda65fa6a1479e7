"""What the squawk that is installed does: policy/squawk relies on each of these."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dbmate_wrap.policy.squawk import IGNORED_RULES

SQUAWK = Path(sys.executable).parent / "squawk"
# Statements that squawk judges otherwise in a transaction, by its own rules on transactions.
BODY = """\
create table app.a (id bigint);
create index on app.a (id);
alter table app.b add constraint c check (x > 0) not valid;
alter table app.b validate constraint c;
alter table app.z add column q bigint;
drop table app.y;
drop type app.ty;
create index concurrently i2 on app.b (x);
drop index app.i3;
alter table app.a add constraint fk foreign key (id) references app.b (id);
alter table app.a add constraint u unique (id);
"""
LINES = BODY.count("\n")
TIMEOUTS = {"require-lock-timeout", "require-statement-timeout"}


class Bench:
    """A folder with files, and squawk run in it with an environment that is empty."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[bytes]":
        command = [str(SQUAWK), "--reporter", "json", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=env or {}, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )

    def report(self, content: str | bytes, *arguments: str) -> list[tuple[int, int, str]]:
        """Line, column and rule of everything found in one file, timeouts left out."""
        data = content.encode() if isinstance(content, str) else content
        (self.root / "a.sql").write_bytes(data)
        found = json.loads(self.run(*arguments, "a.sql").stdout)
        return sorted(
            (one["line"], one["column"], one["rule_name"])
            for one in found
            if one["rule_name"] not in TIMEOUTS
        )


@pytest.fixture
def squawk(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def moved(report: list[tuple[int, int, str]], first: int) -> list[tuple[int, int, str]]:
    """What was found in the LINES lines from `first` on, counted from there."""
    return [(line - first, column, rule) for line, column, rule in report if first <= line < first + LINES]


def test_an_explicit_transaction_is_judged_as_an_assumed_one(squawk: Bench) -> None:
    assumed = squawk.report(BODY, "--assume-in-transaction")
    assert moved(squawk.report(f"begin;\n{BODY};commit;\n"), 1) == assumed
    assert squawk.report(BODY) != assumed


def test_each_section_is_judged_with_its_own_transaction(squawk: Bench) -> None:
    inside, outside = squawk.report(BODY, "--assume-in-transaction"), squawk.report(BODY)
    report = squawk.report(f"begin;\n{BODY};commit;\n{BODY};\nbegin;\n{BODY};commit;\n")
    assert moved(report, 1) == inside
    assert moved(report, LINES + 2) == outside
    assert moved(report, 2 * LINES + 4) == inside


def test_an_empty_statement_is_no_fault(squawk: Bench) -> None:
    assert squawk.report("begin;\nselect 1\n;commit;\n;\n") == []
    assert squawk.report("begin;\nselect 1;\n;commit;\n;;\n") == []


def test_lines_and_columns_count_from_zero_and_columns_are_bytes(squawk: Bench) -> None:
    assert squawk.report("begin;\n/* ü */ drop table x;\ncommit;") == [(1, 9, "ban-drop-table")]


def test_a_lone_cr_ends_a_line_and_crlf_ends_one(squawk: Bench) -> None:
    assert squawk.report(b"begin;\r\ndrop table x;\r\ncommit;") == [(1, 0, "ban-drop-table")]
    assert squawk.report(b"begin;\r\rdrop table x;\ncommit;") == [(2, 0, "ban-drop-table")]


def test_one_syntax_error_hides_everything_else(squawk: Bench) -> None:
    assert {rule for *_, rule in squawk.report("drop table x;\nselect );\n")} == {"syntax-error"}


def test_the_exit_code_tells_findings_from_failures_no_more_than_a_coin(squawk: Bench) -> None:
    (squawk.root / "a.sql").write_text("drop table x;")
    (squawk.root / "b.sql").write_bytes(b"\xff\xfe")
    assert (squawk.run("a.sql").returncode, squawk.run("b.sql").returncode) == (1, 1)
    assert squawk.run("b.sql").stdout == b""


def test_its_configuration_is_searched_upwards_unless_one_is_named(squawk: Bench) -> None:
    (squawk.root.parent / ".squawk.toml").write_text('excluded_rules = ["ban-drop-table"]')
    (squawk.root / "empty.toml").write_text("")
    statement = "begin;drop table x;commit;"
    assert squawk.report(statement) == []
    assert squawk.report(statement, "--config", "empty.toml") == [(0, 6, "ban-drop-table")]


def test_it_expands_patterns_itself_and_an_empty_file_is_no_fault(squawk: Bench) -> None:
    (squawk.root / "1.sql").write_text("")
    (squawk.root / "2.sql").write_text("drop table x;")
    found = json.loads(squawk.run("*.sql").stdout)
    assert {one["file"] for one in found} == {"2.sql"}


def test_deep_nesting_overflows_the_stack_that_its_threads_have_by_default(squawk: Bench) -> None:
    for name in ("1.sql", "2.sql"):
        (squawk.root / name).write_text("select " + "(" * 10_000 + "1" + ")" * 10_000)
    assert squawk.run("*.sql").returncode < 0
    assert squawk.run("*.sql", env={"RUST_MIN_STACK": str(64 << 20)}).returncode == 0


@pytest.mark.parametrize("rule", sorted(IGNORED_RULES.keys() - {"syntax-error"}))
def test_every_rule_that_is_left_out_is_one(squawk: Bench, rule: str) -> None:
    (squawk.root / "a.sql").write_text("select 1;")
    assert squawk.run("--exclude", rule, "a.sql").returncode == 0
    assert squawk.run("--exclude", f"{rule}x", "a.sql").returncode == 2
