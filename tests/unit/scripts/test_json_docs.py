"""The page of the JSON keys."""

import re

import pytest

from scripts import json_docs
from scripts.generate_docs import ROOT, output_schema


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string"}, "text"),
        ({"anyOf": [{"$ref": "#/$defs/LockMode"}, {"type": "null"}]}, "[LockMode](#lockmode) or null"),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "list of list of number",
        ),
        ({"enum": ["pass", "fail"], "type": "string"}, "`pass`, `fail`"),
    ],
)
def test_a_type_is_shown_in_words(schema: object, shown: str) -> None:
    assert json_docs.kind(schema) == shown


def test_a_docstring_is_told_in_the_words_of_json() -> None:
    told = json_docs.prose("One row.\n\n    `a` is ``x``, None or False where\n    it is unknown.\n")
    assert told == "One row. `a` is `x`, null or false where it is unknown."


def test_the_page_has_every_key_and_every_object() -> None:
    page, schema = (ROOT / "docs" / "json.md").read_text(encoding="utf-8"), output_schema()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    assert re.findall(r"^### (\w+)$", page, re.MULTILINE) == sorted(definitions)
    shown = set(re.findall(r"`(\w+)`", page))
    for keys in (schema["properties"], *(each.get("properties", {}) for each in definitions.values())):
        assert isinstance(keys, dict)
        assert keys.keys() <= shown
