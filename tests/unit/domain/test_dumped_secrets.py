"""No password that pg_dump writes stays in a dump, and nothing else of it changes."""

import pytest

from dbmate_wrap.domain.dumped_secrets import NOTE, mask_passwords


def entry(kind: str, body: str) -> str:
    """One entry of a dump as pg_dump writes it, between two tables."""
    table = (
        "--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE public.t (a text);\n\n\n"
    )
    return f"{table}--\n-- Name: x; Type: {kind}; Schema: -; Owner: -\n--\n\n{body}\n\n\n{table}"


def options(*lines: str) -> str:
    """Options as pg_dump writes them."""
    return "OPTIONS (\n" + ",\n".join(f"    {line}" for line in lines) + "\n);"


MAPPING, SERVER = "CREATE USER MAPPING FOR app SERVER remote ", "CREATE SERVER web FOREIGN DATA WRAPPER w "
TABLE = "CREATE FOREIGN TABLE public.ft (\n    a integer\n)\nSERVER web\n"
SUBSCRIPTION = "CREATE SUBSCRIPTION s CONNECTION {} PUBLICATION p WITH (connect = false, slot_name = 's');"


@pytest.mark.parametrize(
    ("kind", "text", "masked"),
    [
        (
            "USER MAPPING",
            MAPPING
            + options("password E'F0re''ign\\\\S3cret'", "password_required 'false'", "\"user\" 'svc'"),
            MAPPING + options("password '***'", "password_required 'false'", "\"user\" 'svc'"),
        ),
        (
            "USER MAPPING",
            MAPPING + options("sslpassword 'a,\n    b'"),
            MAPPING + options("sslpassword '***'"),
        ),
        ("SERVER", SERVER + options("\"Api_Key\" 'abc'"), SERVER + options("\"Api_Key\" '***'")),
        (
            "SERVER",
            SERVER + options("host 'h'", "db_url 'postgresql://u:p4ss@h/db'"),
            SERVER + options("host 'h'", "db_url 'postgresql://u:***@h/db'"),
        ),
        (
            "FOREIGN TABLE",
            TABLE + options("key 'true'", "pwd 'x'"),
            TABLE + options("key 'true'", "pwd '***'"),
        ),
        (
            "SUBSCRIPTION",
            SUBSCRIPTION.format("'host=h password=''a b\\''c'' user=x'"),
            SUBSCRIPTION.format("'host=h password=*** user=x'"),
        ),
        (
            "SUBSCRIPTION",
            SUBSCRIPTION.format("'host=h passfile = /p sslpassword=s&cret user=x'"),
            SUBSCRIPTION.format("'host=h passfile = *** sslpassword=*** user=x'"),
        ),
        (
            "SUBSCRIPTION",
            SUBSCRIPTION.format("'postgresql://u:p@w@h/db?password=zz&sslmode=disable'"),
            SUBSCRIPTION.format("'postgresql://u:***@h/db?password=***&sslmode=disable'"),
        ),
    ],
)
def test_a_placeholder_stands_for_the_password_and_a_comment_says_so(
    kind: str, text: str, masked: str
) -> None:
    assert mask_passwords(entry(kind, text)) == NOTE + entry(kind, masked)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("SERVER", SERVER + options("host 'prod.internal'", "use_remote_estimate 'true'")),
        ("SUBSCRIPTION", SUBSCRIPTION.format("'host=h user=x'")),
        ("FUNCTION", "CREATE FUNCTION f() ... AS $$\n" + MAPPING + options("password 'x'") + "\n$$;"),
        ("COMMENT", "COMMENT ON TABLE public.t IS 'password=x';"),
    ],
)
def test_all_else_stays_byte_for_byte(kind: str, text: str) -> None:
    assert mask_passwords(entry(kind, text)) == entry(kind, text)
