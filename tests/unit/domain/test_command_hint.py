"""Commands in hints name the environment, so that they can be typed as they stand."""

import pytest

from dbmate_wrap.domain.command_hint import TargetOfFleet, name_environment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see it with `dbmate-wrap status`", "see it with `dbmate-wrap status -e qa`"),
        ("then run `dbmate-wrap up` again", "then run `dbmate-wrap up -e qa` again"),
        ("`dbmate-wrap history --show 003`", "`dbmate-wrap history -e qa --show 003`"),
        ("`dbmate-wrap exec -- drop`, then", "`dbmate-wrap exec -e qa -- drop`, then"),
        ("`dbmate-wrap up`, `dbmate-wrap dump`", "`dbmate-wrap up -e qa`, `dbmate-wrap dump -e qa`"),
        ("`dbmate-wrap db reset`", "`dbmate-wrap db reset -e qa`"),
        ("dbmate-wrap doctor", "dbmate-wrap doctor -e qa"),
        ("`dbmate-wrap wait --for 003`", "`dbmate-wrap wait -e qa --for 003`"),
        # One is named already.
        (
            "dbmate-wrap doctor -e staging; dbmate-wrap up",
            "dbmate-wrap doctor -e staging; dbmate-wrap up -e qa",
        ),
        ("`dbmate-wrap plan --to 003 --env staging`", "`dbmate-wrap plan --to 003 --env staging`"),
        # These are about no environment.
        ("dbmate-wrap new NAME", "dbmate-wrap new NAME"),
        ("`dbmate-wrap seal`", "`dbmate-wrap seal`"),
        ("dbmate-wrap update is no command", "dbmate-wrap update is no command"),
        ("run up again", "run up again"),
    ],
)
def test_each_verb_about_a_database_gets_the_environment(text: str, expected: str) -> None:
    assert name_environment(text, "qa") == expected
    assert name_environment(text, None) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see it with `dbmate-wrap status`", "see it with `dbmate-wrap status -e qa --target acme`"),
        ("`dbmate-wrap history --show 003`", "`dbmate-wrap history -e qa --target acme --show 003`"),
        ("`dbmate-wrap exec -- drop`, then", "`dbmate-wrap exec -e qa --target acme -- drop`, then"),
        # The environment is named already, and the target not.
        ("look: dbmate-wrap plan -e qa; then", "look: dbmate-wrap plan -e qa --target acme; then"),
        ("`dbmate-wrap up --to 3 -e qa --yes`", "`dbmate-wrap up --to 3 -e qa --target acme --yes`"),
        ("`dbmate-wrap up --env qa`", "`dbmate-wrap up -e qa --target acme`"),
        # Another one, or a verb that takes no target.
        ("`dbmate-wrap up -e qa2`", "`dbmate-wrap up -e qa2`"),
        ("`dbmate-wrap up -e staging`", "`dbmate-wrap up -e staging`"),
        ("`dbmate-wrap snapshot`", "`dbmate-wrap snapshot -e qa`"),
        ("`dbmate-wrap redo -e qa`", "`dbmate-wrap redo -e qa`"),
        ("dbmate-wrap new NAME", "dbmate-wrap new NAME"),
    ],
)
def test_the_commands_about_a_target_of_a_fleet_name_it_too(text: str, expected: str) -> None:
    assert name_environment(text, TargetOfFleet("qa", "acme")) == expected


def test_the_fleet_is_named_where_the_environment_has_several_and_quoted_for_a_shell() -> None:
    several = TargetOfFleet("qa", "müller", "crm")
    assert name_environment("`dbmate-wrap up -e qa`", several) == "`dbmate-wrap up -e 'fleet:crm/müller'`"
    assert (
        name_environment("dbmate-wrap up", TargetOfFleet("qa", "a+b")) == "dbmate-wrap up -e qa --target a+b"
    )
    assert name_environment("dbmate-wrap up", TargetOfFleet("qa", "ä")) == "dbmate-wrap up -e qa --target 'ä'"


@pytest.mark.parametrize(("fleet", "place"), [(None, "-e qa --target t1"), ("all", "-e fleet:all/t1")])
def test_a_target_is_named_once_however_often_a_text_passes(fleet: str | None, place: str) -> None:
    target = TargetOfFleet("qa", "t1", fleet)
    for text in (
        "`dbmate-wrap doctor -e qa`, then `dbmate-wrap up`",
        "`dbmate-wrap doctor`, then `dbmate-wrap up`",
    ):
        once = name_environment(text, target)
        assert once == f"`dbmate-wrap doctor {place}`, then `dbmate-wrap up {place}`"
        assert name_environment(once, target) == once
