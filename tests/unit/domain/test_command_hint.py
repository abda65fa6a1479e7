"""Commands in hints name the environment, so that they can be typed as they stand."""

import pytest

from dbmate_wrap.domain.command_hint import name_environment


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
