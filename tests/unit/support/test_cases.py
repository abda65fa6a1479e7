"""Every file in tests/cases is one that a test reads."""

from pathlib import Path

from tests.support.cases import HERE
from tests.support.fleet_outcomes import WITH_JUNIT
from tests.support.outcomes import OUTCOMES
from tests.support.repository import REPOSITORY

# A format is what every outcome is rendered in; those of reports are of `check` alone.
FORMATS = {"txt", "json", "md", "github"}
# Of other terminals, for what is folded to their width.
PLAN_VIEWS = {"wide", "pipe", "verbose"}
REPORTS = {"gitlab.json", "junit.xml", "sarif"}


def test_each_golden_file_is_of_an_outcome_and_a_format_and_none_is_missing() -> None:
    folder = HERE / "render"
    expected = {
        f"{name}/{form}"
        for name, make in OUTCOMES.items()
        for form in FORMATS | (REPORTS if make().command == "check" else set())
    }
    expected |= {f"plan-measured/{view}" for view in PLAN_VIEWS}
    expected |= {f"{name}/junit.xml" for name in WITH_JUNIT}
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    assert files == expected


def test_each_table_and_each_other_file_is_named_by_a_test() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "tests").rglob("*.py")]
    orphans = [
        str(path.relative_to(HERE))
        for path in HERE.rglob("*")
        if path.is_file()
        and path.relative_to(HERE).parts[0] != "render"
        and not any(named in source for source in sources for named in names_of(path))
    ]
    assert orphans == []


def names_of(path: Path) -> tuple[str, ...]:
    """The ways in which a test names it."""
    of_folder = f'cases_in("{path.parent.name}")'
    return (f'cases("{path.stem}")', f'"{path.name}"', f'"{path.stem}"', of_folder)
