"""One target of a fleet: --target and -e fleet:NAME/TARGET, on the verbs that take one."""

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli import app
from dbmate_wrap.cli.options import Common
from dbmate_wrap.domain.command_hint import TARGET_VERBS
from dbmate_wrap.domain.fleet_reference import FleetReference
from scripts import generate_docs
from tests.support.verbs import record_verbs

ACME = FleetReference(None, "acme")
ALL = [name for name, _ in generate_docs.commands()]
# What each needs beside the option.
ARGUMENTS = {"exec": ["--", "status"], "new": ["x"], "amend": ["x", "--because", "y"], "renumber": ["x"]}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Common]:
    """The options of the verbs that would have run."""
    seen: list[Common] = []
    record_verbs(monkeypatch, seen)
    return seen


@pytest.mark.parametrize("verb", sorted(set(ALL) & set(TARGET_VERBS)))
def test_a_verb_about_a_database_takes_a_target(parsed: list[Common], verb: str) -> None:
    rest = ARGUMENTS.get(verb, [])
    for words in (
        [verb, "-e", "qa", "--target", "acme", *rest],
        ["-e", "qa", verb, "--target=acme", *rest],
        [verb, "-e", "fleet:crm/acme", *rest],
        ["-e", "fleet:crm/acme", verb, *rest],
        [verb, "-e", "fleet:crm/acme", "--target", "acme", *rest],
    ):
        done = CliRunner().invoke(app.app, words)
        assert (done.exit_code, done.output) == (0, ""), words
    qa, crm = Common(environment="qa", about=ACME), Common(about=FleetReference("crm", "acme"))
    assert parsed == [qa, qa, crm, crm, crm]


@pytest.mark.parametrize("verb", sorted(set(ALL) - set(TARGET_VERBS)))
def test_other_verbs_refuse_one(parsed: list[Common], verb: str) -> None:
    words, rest = verb.split(), ARGUMENTS.get(verb, [])
    assert CliRunner().invoke(app.app, [*words, "-e", "fleet:crm/acme", *rest]).exit_code == 2
    # psql has options of its own.
    if verb != "db psql":
        assert CliRunner().invoke(app.app, [*words, "--target", "acme", *rest]).exit_code == 2
    assert parsed == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status", "-e", "fleet:crm"], "it names no target of a fleet"),
        (["status", "-e", "fleet:crm/acme", "--target", "bolt"], "names the target acme"),
        (["seal", "-e", "fleet:crm/acme"], "is not about one target of a fleet"),
    ],
)
def test_what_names_no_target_or_two_is_a_wrong_command_line(
    parsed: list[Common], words: list[str], message: str
) -> None:
    done = CliRunner().invoke(app.app, words)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert parsed == []


def test_every_verb_whose_hints_name_a_target_takes_one() -> None:
    assert set(TARGET_VERBS) <= set(ALL)
