"""Known differences are left out, each for a reason."""

import pytest

from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.drift_ignore import IgnoredDifference, read_ignored, without_ignored

ENTRY = {"kind": "table", "name": "cron.*", "because": "pg_cron makes them"}
FOUND = (
    SchemaDifference("extra", "table", "cron.job"),
    SchemaDifference("extra", "index", "cron.job_i"),
    SchemaDifference("changed", "table", "app.Odd [one]"),
    SchemaDifference("extra", "setting", "the setting work_mem of the database"),
)


@pytest.mark.parametrize(
    ("kind", "name", "left_out"),
    [
        ("table", "cron.*", {"cron.job"}),
        ("table", "*", {"cron.job", "app.Odd [one]"}),
        ("table", "CRON.*", set()),
        ("index", "cron.job_?", {"cron.job_i"}),
        ("table", "app.Odd [[]one]", {"app.Odd [one]"}),
        ("setting", "the setting work_mem of *", {"the setting work_mem of the database"}),
        ("*", "*", set()),
        ("table", "cron", set()),
    ],
)
def test_kind_is_a_word_and_name_is_a_pattern(kind: str, name: str, left_out: set[str]) -> None:
    entry = IgnoredDifference(kind, name, "x")
    kept, unused = without_ignored(FOUND, [entry])
    assert {each.name for each in FOUND} - {each.name for each in kept} == left_out
    assert unused == (() if left_out else (entry,))


def test_each_entry_that_means_something_is_used_also_where_two_mean_the_same() -> None:
    entries = [IgnoredDifference("table", name, "x") for name in ("cron.job", "cron.*", "gone.*")]
    kept, unused = without_ignored(FOUND, entries)
    assert (len(kept), unused) == (3, (entries[2],))
    assert without_ignored((), ()) == ((), ())


@pytest.mark.parametrize(
    "value", [[ENTRY], '[{"kind": "table", "name": "cron.*", "because": "pg_cron makes them"}]']
)
def test_the_setting_is_a_list_of_tables_or_its_json(value: object) -> None:
    found = read_ignored(value)
    assert found == (IgnoredDifference("table", "cron.*", "pg_cron makes them"),)
    assert read_ignored(found) == found
    assert str(found[0]) == "table cron.*"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", "a list of tables .*, in JSON"),
        ("{}", "a list of tables"),
        (ENTRY, "a list of tables"),
        (5, "a list of tables"),
        (["cron.*"], "a list of tables"),
        ([{**ENTRY, "schema": "x"}], "a list of tables"),
        ([{**ENTRY, "because": " "}], "must say because"),
        ([{"kind": "table", "name": "x"}], "must say because"),
        ([{"name": "x", "because": "y"}], "must say kind"),
        ([{**ENTRY, "name": 5}], "must say name"),
        ([{**ENTRY, "name": "a\x1b[31m"}], "must say name"),
    ],
)
def test_what_is_wrong_is_told(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_ignored(value)
