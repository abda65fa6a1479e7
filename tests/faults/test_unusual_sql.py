"""SQL that nobody writes by hand: `check` ends with 0 or 12, in time, and judges what follows."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy import squawk
from tests.support.projects import MakeProject, migration
from tests.support.repository import REPOSITORY
from tests.support.sql_mutations import mutated

pytestmark = pytest.mark.faults

TOML = '[policy]\nsquawk = "off"\nlockfile = "off"\nmixed-changes = "off"\n'
LAST = "\ndelete from public.last;"
ALLOW = "-- dbmate-wrap: allow data-write because this is a test\n"
WRITE = "insert into public.t values (1);\n"
ROW = "(1, null, 'abc')"


@dataclass(frozen=True)
class Case:
    """A migrate:up, and how often each rule is broken in it; `last`: rules are found on the last line too.

    The bounds are far above what was measured (2 s and 200 MiB for most).
    """

    up: Callable[[], str]
    rules: Mapping[str, int]
    last: bool = True
    seconds: float = 30.0
    mebibytes: float = 600.0


def do_in_do(levels: int) -> str:
    """DO blocks in DO blocks; in the innermost rows are written."""
    body = "delete from public.t;"
    for level in range(levels):
        body = f"do $a{level}$ begin {body} end $a{level}$;"
    return body


def executed_in_do(levels: int) -> str:
    """Dynamic DO blocks in dynamic DO blocks."""
    command = "delete from public.t"
    for level in range(levels):
        command = f"do $a{level}$ begin execute $b{level}${command}$b{level}$; end $a{level}$"
    return f"{command};"


# The server refuses them as well: "memory exhausted".
REFUSED = {"syntax-error": 1}
CASES = {
    "5,000 statements": Case(
        lambda: "\n".join(f"alter table public.t add column c{n} int;" for n in range(5_000)), {}
    ),
    "4,000 findings": Case(lambda: WRITE * 4_000, {"data-write": 4_000}),
    "4,000 findings in one line": Case(lambda: WRITE.replace("\n", "") * 4_000, {"data-write": 4_000}),
    "10,000 mistakes": Case(lambda: "insert intox public.t;\n" * 10_000, {"syntax-error": 500}, last=False),
    "4,000 lines for psql": Case(lambda: "\\x\n" * 4_000, {"psql-command": 500}),
    "4,000 COPY without data": Case(lambda: "copy public.t from stdin;\n" * 4_000, {"data-write": 4_000}),
    "4,000 sections": Case(lambda: "-- migrate:down\n\n-- migrate:up\n".join(["select 1;\n"] * 4_000), {}),
    "5,000 dropped subscriptions": Case(
        lambda: "".join(f"drop subscription s{n};\n" for n in range(5_000)), {"needs-no-transaction": 5_000}
    ),
    "names without places": Case(
        lambda: f"drop table {', '.join(f't{n}' for n in range(8_000))};", {"unqualified-name": 8_000}
    ),
    "4,000 allow comments": Case(lambda: (ALLOW + WRITE) * 4_000, {}),
    "allow comments that allow nothing": Case(
        lambda: "select 1;\n" + ALLOW * 10_000 + "\nselect 2;", {"useless-allow": 10_000}
    ),
    "allow comments within a statement": Case(
        lambda: f"select 'ü',\n{ALLOW * 10_000} 1;", {"useless-allow": 10_000}
    ),
    "parentheses": Case(lambda: f"select {'(' * 10_000}1{')' * 10_000};", REFUSED),
    "100,000 parentheses": Case(lambda: f"select {'(' * 100_000}1{')' * 100_000};", REFUSED),
    "open parentheses": Case(lambda: f"select {'(' * 100_000};", REFUSED, last=False),
    "concatenation": Case(lambda: f"select 'a'{'||$1' * 10_000};", {}),
    "CASE": Case(lambda: f"select {'case when a then ' * 10_000}1{' end' * 10_000};", REFUSED),
    "subselects": Case(lambda: f"select {'(select ' * 10_000}1{')' * 10_000};", REFUSED),
    "subselects in FROM": Case(
        lambda: f"select * from {'(select * from ' * 10_000}a.b{') c' * 10_000};", REFUSED
    ),
    "casts": Case(lambda: f"select 1{'::int' * 3_000};", {}),
    "casts of a command": Case(
        lambda: f"do $$ begin execute 'delete from a.b'{'::text' * 3_000}; end $$;", {"data-write": 1}
    ),
    "formats": Case(
        lambda: f"do $$ begin execute {'format(' * 2_000}'delete from a.b'{')' * 2_000}; end $$;", {}
    ),
    "checks": Case(
        lambda: (
            f"alter type a.e add value 'x';create table a.b (c text check {'(1 = ' * 2_000}'x'{')' * 2_000});"
        ),
        {},
    ),
    "UNION": Case(lambda: f"select 1{' union select 1' * 10_000};", {}),
    "comments": Case(lambda: f"{'/*' * 10_000}{'*/' * 10_000} delete from public.t;", {"data-write": 1}),
    "open comments": Case(lambda: "/* a " * 100_000, {"syntax-error": 1, "empty-migration": 1}, last=False),
    "8 levels of DO": Case(lambda: do_in_do(8), {"data-write": 1}),
    "1,000 levels of DO": Case(lambda: do_in_do(1_000), {"syntax-error": 1}),
    "10,000 levels of DO": Case(lambda: do_in_do(10_000), {"syntax-error": 1}),
    "5 levels of EXECUTE": Case(lambda: executed_in_do(5), {"data-write": 1}),
    "12 levels of EXECUTE": Case(lambda: executed_in_do(12), {"syntax-error": 1}),
    "dollar quotes": Case(
        lambda: "\n".join(f"select $a{n}$" for n in range(10_000)), {"syntax-error": 1}, last=False
    ),
    "quotes": Case(lambda: f"select {chr(39) * 1_000_001};", {"syntax-error": 1}, last=False),
    "a parser without stack": Case(lambda: f"select 'a'{chr(124) * 2 + '$1'} {'||$1' * 100_000};", REFUSED),
    "30,000 parts": Case(lambda: f"select 1{'+1' * 30_000};", {}),
    "150,000 parts": Case(lambda: f"select 1{'+1' * 150_000};", {"syntax-error": 1}),
    "2,000,000 parts": Case(lambda: f"select 1{'+1' * 2_000_000};", {"syntax-error": 1}, mebibytes=3_000),
    "10 statements of 9,000 parts": Case(lambda: f"select 1{'+1' * 9_000};\n" * 10, {}),
    "a long statement in DO": Case(
        lambda: f"do $$ begin insert into a.b values {', '.join(['(1)'] * 20_000)}; end $$;",
        {"data-write": 1},
    ),
    "a deep statement in DO": Case(
        lambda: f"do $$ begin perform 1{'+1' * 150_000}; delete from a.b; end $$;",
        {"syntax-error": 1, "data-write": 1},
    ),
    "20 long statements in DO": Case(
        lambda: f"do $$ begin {f'perform {chr(44).join(map(str, range(8_000)))};' * 20} end $$;", {}
    ),
    "INTO": Case(lambda: f"do $$ begin select {'1 into a ' * 50_000}; end $$;", {}),
    "lone CR": Case(lambda: "select 1;\r" * 10_000 + WRITE, {"data-write": 1}),
    "a line of 1 MB": Case(
        lambda: "select 'abc';" * 10_000 + f"select '{'x' * 900_000}';" + WRITE, {"data-write": 1}
    ),
    "a line of 1 MB with ü": Case(
        lambda: "select 'ü';" * 10_000 + f"select '{'ü' * 900_000}';" + WRITE,
        {"data-write": 1},
        mebibytes=1_500,
    ),
    "10 MB of comment": Case(lambda: f"/* {('x' * 99 + chr(10)) * 100_000} */ select 1;", {}),
    "10 MB of comments": Case(lambda: f"{'-- ' + 'x' * 96}\n" * 100_000, {}),
    "10 MB of a string": Case(lambda: f"comment on table public.t is '{'x' * 10_000_000}';", {}),
}
SLOW = {
    "1 MB of statements": Case(
        lambda: "\n".join(f"create table public.t{n} (i int);" for n in range(30_000)),
        {},
        seconds=60,
        mebibytes=1_000,
    ),
    "one INSERT of 3 MB": Case(
        lambda: f"insert into public.t values {', '.join([ROW] * 150_000)};",
        {"data-write": 1},
        seconds=60,
        mebibytes=1_500,
    ),
    "a DO block of more statements than are read": Case(
        lambda: f"do $$ begin {'perform 1;' * 100_100} end $$;",
        {"syntax-error": 1},
        seconds=90,
        mebibytes=2_000,
    ),
}


@dataclass(frozen=True)
class Measured:
    """How a run ended; `seconds` of the processor, its children included."""

    code: int
    out: str
    err: str
    seconds: float
    mebibytes: float


Check = Callable[[Path], Measured]


@pytest.fixture
def measured_check(clean_environment: dict[str, str], tmp_path: Path) -> Check:
    """Runs `check --no-shadow` and measures it; more than 300 s is hanging."""

    def run(folder: Path) -> Measured:
        argv = [sys.executable, "-m", "dbmate_wrap", "check", "--no-shadow", "--format", "json"]
        out, err = tmp_path / "out", tmp_path / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            child = subprocess.Popen(
                ["timeout", "300", *argv],
                cwd=folder,
                env={**clean_environment, "PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = usage.ru_utime + usage.ru_stime
        return Measured(child.returncode, out.read_text(), err.read_text(), seconds, usage.ru_maxrss / 1024)

    return run


def assert_told(done: Measured, case: Case, last_line: int) -> None:
    """The findings are those of the case, and the bounds hold."""
    assert "Traceback" not in done.err, done.err[-2_000:]
    found = json.loads(done.out)["findings"]
    counted = Counter(finding["rule"] for finding in found)
    last = [finding for finding in found if finding["line"] == last_line and finding["rule"] == "data-write"]
    assert (len(last) == 1) is case.last
    assert dict(counted) == dict(Counter(case.rules) + Counter({"data-write": len(last)}))
    assert done.code == (12 if any(finding["severity"] == "error" for finding in found) else 0)
    assert done.seconds < case.seconds
    assert done.mebibytes < case.mebibytes


@pytest.mark.slow
def test_many_statements_that_each_take_long_take_no_minutes(
    project: MakeProject, measured_check: Check
) -> None:
    sums = f"select 1{'+1' * 30_000};\n" * 30 + LAST
    folder = project({"001_init.sql": migration("select 1;"), "002_a.sql": migration(sums)}, toml=TOML)
    done = measured_check(folder.root)
    counted = Counter(finding["rule"] for finding in json.loads(done.out)["findings"])
    # How many can be judged in the time that they have depends on the machine.
    assert counted.keys() == {"syntax-error", "data-write"}
    assert counted["syntax-error"] < 30
    assert done.seconds < 90


def checked(case: Case, project: MakeProject, check: Check) -> None:
    """Check a project whose second migration is the case."""
    up = case.up() + LAST
    folder = project({"001_init.sql": migration("select 1;"), "002_a.sql": ""}, toml=TOML)
    folder.add("002_a.sql", migration(up))
    assert_told(check(folder.root), case, up.count("\n") + 2)


@pytest.mark.parametrize("name", CASES)
def test_it_ends_in_findings_in_time(name: str, project: MakeProject, measured_check: Check) -> None:
    checked(CASES[name], project, measured_check)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_megabytes_end_in_findings_in_time(name: str, project: MakeProject, measured_check: Check) -> None:
    checked(SLOW[name], project, measured_check)


@pytest.mark.parametrize("content", [b"\0" * 1_000_000, migration("select 1;").encode("utf-16")])
def test_what_is_no_text_is_one_finding(content: bytes, project: MakeProject, measured_check: Check) -> None:
    folder = project({"001_init.sql": migration("select 1;"), "002_a.sql": content}, toml=TOML)
    assert_told(measured_check(folder.root), Case(str, {"not-utf8": 1}, last=False), 0)


def test_line_ends_of_old_macs_are_one_finding(project: MakeProject, measured_check: Check) -> None:
    content = migration("select 1;").replace("\n", "\r")
    folder = project({"001_init.sql": migration("select 1;"), "002_a.sql": content}, toml=TOML)
    done = measured_check(folder.root)
    assert_told(done, Case(str, {"missing-down": 1}, last=False), 0)


def test_squawk_survives_mutated_migrations() -> None:
    from random import Random

    migrations: list[ParsedMigration] = []
    for seed in range(400):
        text = mutated(Random(seed)).decode("utf-8", "replace").replace("\0", "")
        parsed = parse_migration(MigrationFile(f"{seed:03}_a.sql", f"{seed:03}", "", text.encode()), text)
        if isinstance(parsed, ParsedMigration):
            migrations.append(parsed)
    assert len(migrations) > 100
    program = squawk.find_squawk(Path(sys.executable).parent, "")
    assert program is not None
    found = squawk.hazards(program, migrations, "m")
    texts = {f"m/{each.file.name}": each.file.content.decode().split("\n") for each in migrations}
    assert len(found) > 50
    for finding in found:
        assert finding.file is not None
        assert finding.line is not None
        assert finding.column is not None
        assert 1 <= finding.line <= len(texts[finding.file])
        assert 1 <= finding.column <= len(texts[finding.file][finding.line - 1]) + 1
