"""Our list of squawk's rules, and the page on them, put to the real squawk."""

import sys
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.policy import rule_pages, squawk
from dbmate_wrap.policy.file_rules import check_contents
from dbmate_wrap.policy.registry import NO_RULES, SQUAWK_RULES
from dbmate_wrap.policy.rule_pages import Example
from dbmate_wrap.policy.suppressions import apply_suppressions, suppressions_of
from tests.support.cases import migration_file
from tests.support.sql_blocks import allowed_example

pytestmark = pytest.mark.integration


PAGE = rule_pages.page(rule_pages.SQUAWK)


def judged(example: Example) -> tuple[Finding, ...]:
    """What squawk says of an example, after the allow comments."""
    program = squawk.find_squawk(Path(sys.executable).parent, "")
    assert program is not None
    files = [migration_file(name, text) for name, text in example.files.items()]
    migrations = check_contents(files, "f").migrations
    found = squawk.hazards(program, migrations, "f")
    rules = {f"f/{file.name}": frozenset({"squawk"}) for file in files}
    return apply_suppressions(found, suppressions_of(migrations, "f"), rules, {})


def test_the_bad_example_of_the_page_is_found_and_the_good_one_is_not() -> None:
    assert [finding.rule for finding in judged(PAGE.bad)] == ["squawk/ban-drop-column"]
    assert judged(PAGE.good) == ()


@pytest.mark.parametrize(
    "statement",
    [
        *("ALTER TABLE x.y DROP COLUMN a;", "ALTER TABLE x.y RENAME COLUMN a TO b;", "DROP TABLE x.y;"),
        *(
            "ALTER TABLE x.y RENAME TO z;",
            "ALTER TABLE x.y SET SCHEMA z;",
            "DROP VIEW x.y;",
            "DROP TYPE x.y;",
        ),
        *("DROP DOMAIN x.y;", "DROP SCHEMA x;", "ALTER TYPE x.y RENAME TO z;"),
    ],
)
def test_what_breaks_old_code_is_no_hazard_once_no_old_code_is_left(statement: str) -> None:
    text = f"-- migrate:up\n{statement}\n-- migrate:down\n"
    assert judged(Example({"002_a.sql": text}, None, None)) != ()
    assert judged(Example({"002_a.sql": f"{PHASE_COMMENT}\n{text}"}, None, None)) == ()


def test_the_allow_comment_of_the_page_allows_the_bad_example() -> None:
    assert judged(allowed_example(PAGE)) == ()


def excluding(names: list[str], folder: Path) -> process.Completed:
    """A run of squawk without these rules."""
    program = squawk.find_squawk(Path(sys.executable).parent, "")
    assert program is not None, "squawk-cli is not installed beside this python"
    (folder / "a.sql").write_text("SELECT 1;\n")
    options = [f"--exclude={name}" for name in names]
    return process.run(process.Command((str(program), *options, "a.sql"), {}, folder), timeout=20)


def test_squawk_knows_every_rule_of_our_list(tmp_path: Path) -> None:
    done = excluding(sorted(SQUAWK_RULES - NO_RULES), tmp_path)
    assert done.returncode == 0, done.stderr


def test_squawk_refuses_a_rule_that_it_does_not_know(tmp_path: Path) -> None:
    assert "invalid rule name" in excluding(["quite-another-rule"], tmp_path).stderr


def test_what_we_never_report_is_in_our_list() -> None:
    assert set(squawk.IGNORED_RULES) - {"syntax-error"} <= SQUAWK_RULES
