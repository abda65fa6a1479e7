"""Whatever a file holds, the static part of `check` ends in findings within the file, in every format.

By hand: FUZZ_EXAMPLES=20000 FUZZ_FOLDER=folder/with/migrations pytest tests/unit/sql/test_fuzz.py
"""

import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import PurePosixPath
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile, checksum
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.policy import sql_rules
from dbmate_wrap.policy.file_rules import check_contents
from dbmate_wrap.policy.registry import RULES
from dbmate_wrap.policy.suppressions import apply_suppressions, suppressions_of
from dbmate_wrap.render import github, gitlab, junit, markdown, sarif, text
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.json import render as as_json
from dbmate_wrap.render.stderr_text import stderr_text
from dbmate_wrap.render.table import PLAIN
from tests.support.outcomes import ENDED, outcome
from tests.support.sql_mutations import DOWN, SAMPLES, TOKENS, UP, mutated

FOLDER = "db/migrations"
REPOSITORY = Repository(PurePosixPath("/srv/shop"), "crm")
CONTEXT = sql_rules.RuleContext((None, "schema_migrations"), FOLDER)

fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def findings_in(contents: Sequence[bytes]) -> list[Finding]:
    """What `check` finds without lockfile, base, squawk and shadow in files with these contents."""
    files = [
        MigrationFile(f"{number:03}_a.sql", f"{number:03}", checksum(content), content)
        for number, content in enumerate(contents, 2)
    ]
    checked = check_contents(files, FOLDER)
    found = (*checked.findings, *sql_rules.check_sql(checked.migrations, CONTEXT))
    rules = sql_rules.checked_rules(checked.migrations, CONTEXT, with_sql=True)
    kept = apply_suppressions(found, suppressions_of(checked.migrations, FOLDER), rules, {})
    run = outcome("check")
    run.findings = list(kept)
    run.sources = {f"{FOLDER}/{file.name}": file.content.decode("utf-8", "replace") for file in files}
    for finding in (*found, *kept):
        assert_within(finding, run.sources)
    assert_rendered(run)
    return list(kept)


def assert_within(finding: Finding, sources: dict[str, str]) -> None:
    """The finding is one of a known rule, in words, and its place exists."""
    assert finding.rule in RULES
    assert finding.file in sources
    assert finding.line is not None
    assert finding.column is not None
    lines = sources[finding.file].split("\n")
    assert 1 <= finding.line <= len(lines), finding
    # Behind the last character is where the parser stops at the end of the text.
    assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1, finding
    assert finding.message
    assert len(finding.message) < 2_000


def assert_rendered(run: Outcome) -> None:
    """Every format can say it."""
    text.render(run, PLAIN).encode("utf-8", "backslashreplace")
    stderr_text(run, PLAIN, quiet=False, verbose=True).encode("utf-8", "backslashreplace")
    assert json.loads(as_json(run, ENDED))
    assert run.findings == [] or "::" in github.render(run, REPOSITORY)
    assert len(markdown.render(run, REPOSITORY).encode("utf-8", "backslashreplace")) <= markdown.LIMIT
    assert json.loads(sarif.render(run, REPOSITORY, ENDED, "1.2.3"))
    assert ElementTree.fromstring(junit.render(run, REPOSITORY, ENDED)) is not None
    assert isinstance(json.loads(gitlab.render(run, REPOSITORY)), list)


@fuzz
@given(st.lists(st.integers(0, 2**64), min_size=1, max_size=3))
def test_mutated_migrations_end_in_findings(seeds: list[int]) -> None:
    findings_in([mutated(Random(seed)) for seed in seeds])


@fuzz
@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_end_in_findings(content: bytes, is_marked: bool) -> None:
    findings_in([UP.encode() + content + DOWN.encode() if is_marked else content])


@fuzz
@given(st.text(max_size=300))
def test_random_text_ends_in_findings(words: str) -> None:
    findings_in([(UP + words + DOWN).encode("utf-8", "surrogatepass")])


@fuzz
@given(st.lists(st.sampled_from(TOKENS), max_size=60), st.sampled_from(["", " ", "\n"]))
def test_random_tokens_end_in_findings(words: list[str], glue: str) -> None:
    findings_in([(UP + glue.join(words) + DOWN + "select 1;").encode()])


@fuzz
@given(st.lists(st.sampled_from(TOKENS), max_size=40), st.sampled_from(["$$", "$a$", "'"]))
def test_random_bodies_end_in_findings(words: list[str], quote: str) -> None:
    body = " ".join(words)
    function = "create function a.f() returns trigger language plpgsql as "
    blocks = (
        f"{start}{quote}{begin}{body}{end}{quote};" for start in ("do ", function) for begin, end in BODIES
    )
    findings_in([(UP + "\n".join(blocks) + DOWN).encode()])


BODIES = [("begin ", " end"), ("declare ", " begin end"), (" ", " ")]


def test_every_migration_cut_off_anywhere_ends_in_findings() -> None:
    for content in SAMPLES[:20]:
        step = max(len(content) // 20, 1)
        findings_in([content[:end] for end in range(0, len(content), step)])


def test_the_findings_of_a_fuzzed_file_are_real() -> None:
    found = findings_in(
        [SAMPLES[1].replace(b"-- migrate:down", b"insert into a.b values (1);\n-- migrate:down")]
    )
    assert "data-write" in {finding.rule for finding in found}


@pytest.mark.parametrize("content", [b"\0" * 1000, "-- migrate:up\nselect 1;".encode("utf-16")])
def test_what_is_no_text_is_one_finding(content: bytes) -> None:
    assert [finding.rule for finding in findings_in([content])] == ["not-utf8"]
