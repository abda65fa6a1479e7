"""docs/settings.md has every setting of the model."""

from pathlib import Path

from dbmate_wrap.settings.model import NAMES
from scripts.settings_docs import setting_docs, settings_table

REPOSITORY = Path(__file__).resolve().parents[3]


def test_every_setting_is_described() -> None:
    assert all(row.meaning.endswith(".") for row in setting_docs())
    assert len(settings_table().splitlines()) == len(NAMES) + 2


def test_the_docs_carry_the_table_of_the_model() -> None:
    text = (REPOSITORY / "docs/settings.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- settings:begin -->")
    inside, end, _ = rest.partition("<!-- settings:end -->")
    assert end
    assert inside.strip() == settings_table()
