"""The lines that the documents show are what is written, and can be merged."""

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator

from dbmate_wrap.errors import ExitCode
from dbmate_wrap.fleet.merge import merge
from dbmate_wrap.fleet.report import report
from dbmate_wrap.render import json as json_format
from tests.support.fleet_outcomes import fleet_target_failed, fleet_up
from tests.support.outcomes import ENDED

DOCS = Path(__file__).resolve().parents[3] / "docs"


def examples() -> list[dict[str, object]]:
    """The documents of a target and of a run, as docs/formats.md shows them."""
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    return [
        json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def test_they_fit_the_published_schema_and_have_every_key_in_its_order() -> None:
    validator = Draft202012Validator(json.loads((DOCS / "output.schema.json").read_text(encoding="utf-8")))
    written = (fleet_target_failed(), fleet_up())
    for example, run in zip(examples(), written, strict=True):
        assert [error.message for error in validator.iter_errors(example)] == []
        assert list(example) == list(json.loads(json_format.render_line(run, ENDED)))


def test_they_are_a_shard_that_a_report_can_be_made_of() -> None:
    lines = [json.dumps(example).encode() for example in examples()]
    found = report(merge([("shard-1.jsonl", lines)]))
    assert found.exit == ExitCode.SOME_FAILED
    assert (found.summary.unreported, found.summary.failures[0].targets) == (
        ("acme", "cactus", "delta"),
        ("bolt",),
    )
