"""The arguments before they are parsed: the format that they ask for, and the passwords in them."""

import pytest

from dbmate_wrap.cli.arguments import requested_format, secrets_of
from dbmate_wrap.cli.options import Format


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], Format.TEXT),
        (["status"], Format.TEXT),
        (["status", "--format", "json"], Format.JSON),
        (["--format=json", "frob"], Format.JSON),
        (["--format", "json", "status", "--format", "github"], Format.GITHUB),
        (["--format", "json", "status", "--format", "yaml"], Format.JSON),
        (["--format"], Format.TEXT),
        (["--formats", "json"], Format.TEXT),
        (["exec", "--", "--format", "json"], Format.TEXT),
        (["exec", "--format", "markdown", "--", "--format", "json"], Format.MARKDOWN),
    ],
)
def test_the_last_valid_format_before_the_dashes_is_the_one(arguments: list[str], chosen: Format) -> None:
    assert requested_format(arguments) is chosen


@pytest.mark.parametrize(
    "argument",
    [
        "postgres://u:s3cr3t-pw@h/db",
        "--url=postgres://u:s3cr3t-pw@h/db",
        "postgres://u:s3cr3t@pw@h/db?options=a@b",
        "postgres://:s3cr3t/pw@h/db",
        "postgres://u:s3cr3t pw@h/db",
        "postgres://u@h/db?password=s3cr3t-pw&sslmode=require",
        "host=h user=u password=s3cr3t-pw dbname=d",
        "host=h password='s3cr3t pw' dbname=d",
        "PGPASSWORD=s3cr3t-pw",
    ],
)
def test_a_password_in_an_argument_is_masked(argument: str) -> None:
    secrets = secrets_of(["up", argument])
    shown = secrets.mask(f"No such command {argument!r}.")
    assert "***" in shown
    assert "s3cr3t" not in shown
    assert "pw" not in shown


@pytest.mark.parametrize(
    "arguments", [["up", "-e", "staging"], ["postgres://u@h/db"], ["postgres://u:@h/db"]]
)
def test_arguments_without_a_password_have_no_secret(arguments: list[str]) -> None:
    secrets = secrets_of(arguments)
    assert secrets.is_empty
