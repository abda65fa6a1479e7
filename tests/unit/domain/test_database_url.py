"""What a database URL means, what is explained instead, and that no explanation shows the password."""

import dataclasses
import traceback
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.database_url import DatabaseUrl, UrlFault, parse
from dbmate_wrap.domain.database_url.host import DEFAULT_HOST
from dbmate_wrap.domain.database_url.query import ACCEPTED
from dbmate_wrap.errors import ExitCode

PREFER = (("sslmode", "prefer"),)

# text, user, password, host, port, database
UNDERSTOOD = [
    ("postgres://u:p@h:5432/db", "u", "p", "h", 5432, "db"),
    ("postgresql://u:p@h:5432/db", "u", "p", "h", 5432, "db"),
    ("POSTGRES://u:p@h/db", "u", "p", "h", 5432, "db"),
    ("  postgres://u:p@h/db\r\n", "u", "p", "h", 5432, "db"),
    ("postgres://u@h/db", "u", None, "h", 5432, "db"),
    ("postgres://u:@h/db", "u", None, "h", 5432, "db"),
    ("postgres://h/db", "me", None, "h", 5432, "db"),
    ("postgres://:p@h/db", "me", "p", "h", 5432, "db"),
    ("postgres://u@h:/db", "u", None, "h", 5432, "db"),
    ("postgres://u@h:6543/db?", "u", None, "h", 6543, "db"),
    ("postgres://u@db_1.internal.example./db", "u", None, "db_1.internal.example.", 5432, "db"),
    ("postgres://u@10.0.0.7/db", "u", None, "10.0.0.7", 5432, "db"),
    # Reserved characters, percent-encoded.
    ("postgres://u:p%40s%23s%25@h/db", "u", "p@s#s%", "h", 5432, "db"),
    ("postgres://u:p%2Fs%3Fs%3As@h/db", "u", "p/s?s:s", "h", 5432, "db"),
    ("postgres://u:a%20b@h/my%20db", "u", "a b", "h", 5432, "my db"),
    ("postgres://u%40corp:p@h/a%2Fb", "u@corp", "p", "h", 5432, "a/b"),
    ("postgres://j%C3%BCrgen:p%C3%A4ss@h/d%C3%A4ta", "jürgen", "päss", "h", 5432, "däta"),
    # Characters that every reader takes as they are.
    ("postgres://u:a:b@h/db", "u", "a:b", "h", 5432, "db"),
    ("postgres://u:a+b&c=d;e!$*()~@h/db", "u", "a+b&c=d;e!$*()~", "h", 5432, "db"),
    ("postgres://u:a\\b\"c'd<e>{f}|^`@h/db", "u", "a\\b\"c'd<e>{f}|^`", "h", 5432, "db"),
    ("postgres://u:p[1]@h/db", "u", "p[1]", "h", 5432, "db"),
    ("postgres://u:$HOME${X}@h/db", "u", "$HOME${X}", "h", 5432, "db"),
    ("postgres://jürgen:päss@h/däta", "jürgen", "päss", "h", 5432, "däta"),
    # IPv6.
    ("postgres://u@[::1]/db", "u", None, "::1", 5432, "db"),
    ("postgres://u:p@[2001:DB8:0:0::7]:6432/db", "u", "p", "2001:db8::7", 6432, "db"),
    ("postgres://u@[fe80::1%25eth0]:5432/db", "u", None, "fe80::1%eth0", 5432, "db"),
    ("postgres://u@/db?host=::1&port=6432", "u", None, "::1", 6432, "db"),
    ("postgres://u@/db?host=%5B::1%5D", "u", None, "::1", 5432, "db"),
    # Sockets.
    ("postgres:///db", "me", None, DEFAULT_HOST, 5432, "db"),
    ("postgres://u@:6543/db", "u", None, DEFAULT_HOST, 6543, "db"),
    ("postgres://u@/db?host=/run/pg", "u", None, "/run/pg", 5432, "db"),
    ("postgres://u@/db?host=/run/pg/&port=5433", "u", None, "/run/pg", 5433, "db"),
    ("postgres://u@/db?host=//run//pg", "u", None, "//run//pg", 5432, "db"),
    ("postgres://u@/db?socket=/run/pg", "u", None, "/run/pg", 5432, "db"),
    ("postgres://u@:5433/db?socket=/run/pg", "u", None, "/run/pg", 5433, "db"),
    ("postgres://u@localhost/db?host=/cloudsql/p:r:i", "u", None, "/cloudsql/p:r:i", 5432, "db"),
    ("postgres://u@%2Frun%2Fpostgresql/db", "u", None, "/run/postgresql", 5432, "db"),
    ("postgres://u:p@%2Frun%2Fa%20b%2525:5433/db", "u", "p", "/run/a b%25", 5433, "db"),
    # The identity after the question mark.
    ("postgres://h/db?user=u&password=p%40p", "u", "p@p", "h", 5432, "db"),
    ("postgres://u@h?dbname=d%20b", "u", None, "h", 5432, "d b"),
    ("postgres://u@h:7/db?port=7&user=u&dbname=db", "u", None, "h", 7, "db"),
]

# text, a word of the explanation; the password, where there is one, is S3CR-ET or begins so
EXPLAINED = [
    ("", "empty"),
    (" \n", "empty"),
    # Scheme.
    ("u:S3CR-ET@h/db", "does not begin with postgres://"),
    ("//u:S3CR-ET@h/db", "does not begin"),
    ("h:5432/db", "does not begin"),
    ("postgres:u:S3CR-ET@h/db", "not followed by //"),
    ("postgres:/u:S3CR-ET@h/db", "not followed by //"),
    ("postgre://u:S3CR-ET@h/db", "does not begin"),
    ("S3CR-ET://u@h/db", "does not begin"),
    ("mysql://u:S3CR-ET@h/db", "does not begin with postgres://"),
    ("sqlite:db.sqlite3", "does not begin with postgres://"),
    ("postgis://u:S3CR-ET@h/db", "does not begin with postgres://"),
    ("postgresql+psycopg://u:S3CR-ET@h/db", "does not begin with postgres://"),
    ("redshift://u:S3CR-ET@h/db", "does not begin with postgres://"),
    ("jdbc:postgresql://h/db?user=u&password=S3CR-ET", "does not begin with postgres://"),
    # Wrapped, or not a URL at all.
    ('"postgres://u:S3CR-ET@h/db"', "quotes"),
    ("'postgres://u:S3CR-ET@h/db'", "quotes"),
    ("DATABASE_URL=postgres://u:S3CR-ET@h/db", "variable's name"),
    ("export X_DATABASE_URL='postgres://u:S3CR-ET@h/db'", "variable's name"),
    ("host=h dbname=db password=S3CR-ET", "key=value"),
    ("password = S3CR-ET host = h", "key=value"),
    ("postgres://u:S3CR-ET@h/db\npostgres://u:S3CR-ET@h/db2", "space or line break"),
    # Unescaped characters.
    ("postgres://u:S3CR-ET@S3@h/db", "more than one @"),
    ("postgres://u@corp:S3CR-ET@h/db", "more than one @"),
    ("postgres://u:S3CR-ET#1@h/db", "a # in it"),
    ("postgres://u:#S3CR-ET@h/db", "a # in it"),
    ("postgres://u:S3CR-ET/1@h/db", "@ after a / or ?"),
    ("postgres://u:5432/S3CR-ET@h/db", "@ after a / or ?"),
    ("postgres://u:S3CR-ET?1@h/db", "@ after a / or ?"),
    ("postgres://u:S3CR-ET%@h/db", "does not begin a %XX"),
    ("postgres://u:S3CR-ET%zz@h/db", "does not begin a %XX"),
    ("postgres://u:S3CR-ET%ff@h/db", "UTF-8"),
    ("postgres://u:S3CR-ET%00@h/db", "control character"),
    ("postgres://u:S3CR-ET%0A@h/db", "control character"),
    ("postgres://u:S3CR-ET 1@h/db", "space or line break"),
    ("postgres://u:S3CR-ET\t1@h/db", "space or line break"),
    ("postgres://u:S3CR-ET\u00a01@h/db", "space or line break"),
    ("postgres://u:S3CR-ET\x071@h/db", "invisible"),
    ("postgres://u:S3CR-ET\u200b@h/db", "invisible"),
    ("postgres://u:S3CR-ET\udcff@h/db", "UTF-8"),
    # Host and port.
    ("postgres://u:S3CR-ET", "port is not a number"),
    ("postgres://u:S3CR-ET/db", "port is not a number"),
    ("postgres://u:S3CR-ET@h:x/db", "port is not a number"),
    ("postgres://u@h:0/db", "port is not a number"),
    ("postgres://u@h:65536/db", "port is not a number"),
    ("postgres://u@h:+5432/db", "port is not a number"),
    ("postgres://u@h:54%32/db", "port is not a number"),
    ("postgres://u@h:\uff15\uff14/db", "port is not a number"),
    ("postgres://u@h/db?port=1,2", "port is not a number"),
    ("postgres://u@h1,h2/db", "several hosts"),
    ("postgres://u:S3CR-ET@h1:5432,h2:5433/db", "several hosts"),
    ("postgres://u@[::1]:1,[::2]:2/db", "several hosts"),
    ("postgres://u@/db?host=h1,h2", "several hosts"),
    ("postgres://u@/db?host=/run/a,/run/b", "several hosts"),
    ("postgres://u@::1/db", "more than one colon"),
    ("postgres://u@fe80::1:5432/db", "more than one colon"),
    ("postgres://u:S3CR-ET:5432/db", "more than one colon"),
    ("postgres://u@[::1/db", "brackets"),
    ("postgres://u@[1.2.3.4]/db", "IPv6"),
    ("postgres://u@[::1]5432/db", "brackets"),
    ("postgres://u@[::1%25a%20b]/db", "IPv6"),
    ("postgres://u:S3CR-ET@bad$host/db", "no host name has"),
    ("postgres://u@-h/db", "no host name has"),
    ("postgres://u@h..x/db", "no host name has"),
    ("postgres://u:S3CR-ET@bücher.example/db", "xn--"),
    ("postgres://u@run%2Fpg/db", "neither a name nor"),
    ("postgres:///db?host=@abstract", "@ after a / or ?"),
    ("postgres://u@/db?host=%40abstract", "neither a name nor"),
    ("postgres://u@/db?host=/run/pg/.s.PGSQL.5432", "socket file"),
    ("postgres://u@/db?socket=run/pg", "absolute path"),
    ("postgres://u@/db?socket=/a&host=/b", "both host and socket"),
    ("postgres://u@h1/db?host=h2", "two hosts"),
    # Database and user.
    ("postgres://u:S3CR-ET@h", "no database"),
    ("postgres://u:S3CR-ET@h/", "no database"),
    ("postgres://u:S3CR-ET@h/?sslmode=require", "no database"),
    ("postgres://u:S3CR-ET@h/a/b", "more than one /"),
    ("postgres://u@h/" + "d" * 64, "longer than"),
    ("postgres://" + "ü" * 32 + "@h/db", "longer than"),
    ("postgres://u:S3CR-ET@h/db?user=v", "user twice"),
    ("postgres://u:S3CR-ET@h/db?password=S3CR-ET1", "password twice"),
    # Parameters.
    ("postgres://u@h/db?sslmode=no-verify", "sslmode must be one of"),
    ("postgres://u@h/db?sslmode=REQUIRE", "sslmode must be one of"),
    ("postgres://u@h/db?sslmode=", "no value"),
    ("postgres://u@h/db?sslmode", "no value"),
    ("postgres://u@h/db?sslmode=disable&sslmode=require", "sslmode twice"),
    ("postgres://u@h/db?sslmode=prefer?x", "more than one ?"),
    ("postgres://u@h/db?sslrootcert=certs/ca.pem", "absolute path"),
    ("postgres://u@h/db?sslrootcert=/a+b", "has a +"),
    ("postgres://u@h/db?sslrootcert=system&sslmode=require", "weaker sslmode"),
    ("postgres://u@h/db?ssl=false", "ssl="),
    ("postgres://u@h/db?ssl=true&sslmode=disable", "ssl="),
    ("postgres://u@h/db?connect_timeout=5s", "whole number of seconds"),
    ("postgres://u@h/db?target_session_attrs=standby", "target_session_attrs must be one of"),
    ("postgres://u@h/db?lock_timeout=1s", "lock_timeout"),
    ("postgres://u@h/db?statement_timeout=1", "statement_timeout"),
    ("postgres://u@h/db?search_path=app", "search_path"),
    ("postgres://u@h/db?options=-c%20lock_timeout%3D1s", "options"),
    ("postgres://u@h/db?application_name=x", "application_name"),
    ("postgres://u@h/db?channel_binding=require", "channel_binding"),
    ("postgres://u@h/db?sslpassword=S3CR-ET", "sslpassword"),
    ("postgres://u@h/db?service=x", "service"),
    ("postgres://u@h/db?hostaddr=10.0.0.1", "hostaddr"),
    ("postgres://u@h/db?pgbouncer=true", "pgbouncer"),
    ("postgres://u@h/db?schema=public", "schema"),
    ("postgres://u@h/db?keepalives=1", "keepalives"),
    ("postgres://h/db?user=u&password=S3CR&S3CR-ET", "parameter 3"),
    ("postgres://h/db?user=u&password=S3CR+ET", "has a +"),
]


@pytest.mark.parametrize(("text", "user", "password", "host", "port", "database"), UNDERSTOOD)
def test_is_understood(
    text: str, user: str, password: str | None, host: str, port: int, database: str
) -> None:
    url = parse(text, os_user="me")
    assert url == DatabaseUrl(user, password, host, port, database, PREFER)
    assert url.is_socket == host.startswith("/")


@pytest.mark.parametrize(("text", "words"), EXPLAINED)
def test_is_explained_without_quoting_it(text: str, words: str) -> None:
    with pytest.raises(UrlFault) as caught:
        parse(text, os_user="me")
    fault = caught.value
    said = f"{fault.message} {fault.hint}"
    assert words in said
    assert "S3CR" not in said
    assert fault.code is ExitCode.CONFIG
    # Nor in what a crash report would print: the library's exception that quotes the text.
    assert fault.__cause__ is None
    assert fault.__context__ is None


@pytest.mark.parametrize("text", [text for text, *_ in UNDERSTOOD])
def test_public_form_means_the_same_without_the_password(text: str) -> None:
    url = parse(text, os_user="me")
    assert parse(url.public(), os_user="other") == dataclasses.replace(url, password=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://u:p%40:@h/db", "postgresql://u:p%40%3A@h:5432/db"),
        ("postgres://u@h/db?sslmode=prefer", "postgresql://u@h:5432/db"),
        ("postgres://u@h/db?sslmode=require", "postgresql://u@h:5432/db?sslmode=require"),
        ("postgres://u@[::1]/db", "postgresql://u@[::1]:5432/db"),
        ("postgres://u@/db?host=/tmp/a%20b&sslmode=disable", "postgresql://u@/db?host=/tmp/a%20b&port=5432"),
    ],
)
def test_the_form_for_applications_has_the_password_and_no_usual_sslmode(text: str, expected: str) -> None:
    url = parse(text, os_user="me")
    assert url.for_applications() == expected
    read = parse(expected, os_user="other")
    assert (read.password, read.identity) == (url.password, url.identity)


@pytest.mark.parametrize("character", ["@", ":", "/", "?", "#", "%", " "])
def test_the_explanation_says_how_to_encode(character: str) -> None:
    with pytest.raises(UrlFault) as caught:
        parse("postgres://u:a#b@h/db", os_user="me")
    assert quote(character, safe="") in str(caught.value.hint)


def test_a_url_without_user_needs_one_from_the_operating_system() -> None:
    with pytest.raises(UrlFault, match="names no user"):
        parse("postgres://h/db", os_user="")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"sslmode": "prefer"}),
        ("sslmode=verify-ca", {"sslmode": "verify-ca"}),
        ("ssl=true", {"sslmode": "require"}),
        ("sslrootcert=system", {"sslrootcert": "system", "sslmode": "verify-full"}),
        ("sslmode=disable&&connect_timeout=3&", {"sslmode": "disable", "connect_timeout": "3"}),
        ("sslrootcert=/a%20b/ca%2B.pem", {"sslrootcert": "/a b/ca+.pem", "sslmode": "prefer"}),
        (
            "sslcert=/c&sslkey=/k&sslsni=0",
            {"sslcert": "/c", "sslkey": "/k", "sslsni": "0", "sslmode": "prefer"},
        ),
        ("target_session_attrs=primary", {"target_session_attrs": "primary", "sslmode": "prefer"}),
        ("passfile=/p&ssl_min_protocol_version=TLSv1.2", None),
    ],
)
def test_tls_is_resolved_once(query: str, expected: dict[str, str] | None) -> None:
    url = parse(f"postgres://u@h/db?{query}", os_user="me")
    assert url.sslmode == dict(url.parameters)["sslmode"]
    if expected is not None:
        assert dict(url.parameters) == expected


def test_every_accepted_parameter_reaches_libpq() -> None:
    values = {"sslmode": "require", "sslsni": "1", "connect_timeout": "3", "target_session_attrs": "any"}
    given = {name: values.get(name, "TLSv1.2" if "version" in name else "/file") for name in ACCEPTED}
    url = parse("postgres://u:p@h/db?" + "&".join(f"{k}={v}" for k, v in given.items()), os_user="me")
    environment = url.libpq_environment()
    assert set(given.values()) <= set(environment.values())
    assert environment["PGPASSWORD"] == "p"
    assert len(environment) == len(ACCEPTED) + 5


def test_dbmate_gets_host_and_port_in_the_query_and_no_password() -> None:
    url = parse("postgres://u:S3CR-ET@[::1]:6432/a%2Fb?sslmode=require", os_user="me")
    assert url.for_dbmate() == "postgres://u@/a%2Fb?host=%3A%3A1&port=6432&sslmode=require"


def test_dbmate_gets_a_parameter_with_a_space_from_the_environment() -> None:
    url = parse("postgres://u@h/db?sslrootcert=/a%20b/ca.pem", os_user="me")
    assert "sslrootcert" not in url.for_dbmate()
    assert url.libpq_environment()["PGSSLROOTCERT"] == "/a b/ca.pem"


def test_a_connect_timeout_does_not_replace_what_the_url_says() -> None:
    url = parse("postgres://u@h/db?connect_timeout=3", os_user="me")
    assert url.with_connect_timeout(10) is url
    plain = parse("postgres://u@h/db", os_user="me")
    assert plain.with_connect_timeout(None) is plain
    assert dict(plain.with_connect_timeout(9.5).parameters)["connect_timeout"] == "10"
    assert dict(plain.with_connect_timeout(0.5).parameters)["connect_timeout"] == "2"


def test_the_password_is_not_in_the_repr() -> None:
    assert "S3CR" not in repr(parse("postgres://u:S3CR-ET@h/db", os_user="me"))


SAME = [
    ("postgres://u@localhost/db", "postgres://v:p@127.0.0.1:5432/db?sslmode=disable"),
    ("postgres://u@localhost/db", "postgres://u@[::1]/db"),
    ("postgres://u@localhost/db", "postgres://u@127.0.0.2/db"),
    ("postgres://u@localhost/db", "postgres://u@[::ffff:127.0.0.1]/db"),
    ("postgres://u@localhost/db", "postgres://u@0.0.0.0/db"),
    ("postgres://u@localhost/db", "postgres://u@app.localhost/db"),
    ("postgres://u@localhost/db", "postgres://u@localhost.localdomain/db"),
    ("postgres://u@localhost/db", "postgres://u@ip6-localhost/db"),
    ("postgres://u@localhost/db", "postgres:///db?host=/var/run/postgresql"),
    ("postgres://u@localhost/db", "postgres:///db?host=/tmp"),
    ("postgres:///db", "postgres://u@localhost./db"),
    ("postgres:///db?host=/run/postgresql", "postgres:///db?socket=/var/run/postgresql/"),
    ("postgres:///db?host=/var/run/app", "postgres:///db?host=/run/app"),
    ("postgres:///db?host=/srv/x/../pg", "postgres:///db?host=/srv/pg"),
    ("postgres://u@DB.example.COM/db", "postgres://u@db.example.com./db"),
    ("postgres://u@[2001:db8::7]/db", "postgres://u@[2001:0DB8:0:0:0:0:0:7]/db"),
]
LOCAL = [
    ("postgres://u@localhost/db", True),
    ("postgres://u@[::1]/db", True),
    ("postgres:///db?host=/srv/pg", True),
    ("postgres://u@db.example.com/db", False),
    ("postgres://u@10.0.0.7/db", False),
]
DIFFERENT = [
    ("postgres://u@h/db", "postgres://u@h/db2"),
    ("postgres://u@h/db", "postgres://u@h/DB"),
    ("postgres://u@h/db", "postgres://u@h:5433/db"),
    ("postgres://u@h/db", "postgres://u@h2/db"),
    ("postgres://u@localhost/db", "postgres:///db?host=/srv/pg"),
    ("postgres:///db?host=/srv/a", "postgres:///db?host=/srv/b"),
]


@pytest.mark.parametrize(("text", "local"), LOCAL)
def test_local_is_what_no_network_lies_before(text: str, local: bool) -> None:
    assert parse(text, os_user="me").is_local is local


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_database_are_the_same(one: str, other: str) -> None:
    first, second = parse(one, os_user="me"), parse(other, os_user="me")
    assert first.same_database(second)
    assert second.same_database(first)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_databases_are_not_the_same(one: str, other: str) -> None:
    assert not parse(one, os_user="me").same_database(parse(other, os_user="me"))


# Whatever a server takes: anything but control characters and lone surrogates.
words = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=15)
# Letters and signs that no explanation contains, so that a piece of one in a message is a leak.
secrets = st.text(st.sampled_from("QZXJ48@#%/?:& '\"\\+[]{}$"), min_size=8, max_size=16).map(
    lambda s: f"{s}ZQXJ"
)


@settings(deadline=None)  # A busy machine is no fault.
@given(user=words, password=words, database=words)
def test_any_user_password_and_database_survive_encoding(user: str, password: str, database: str) -> None:
    encoded = [quote(part, safe="") for part in (user, password, database)]
    url = parse("postgres://{}:{}@h/{}".format(*encoded), os_user="me")
    assert (url.user, url.password, url.database) == (user, password, database)
    again = parse(url.public(), os_user="other")
    assert (again.user, again.password, again.database) == (user, None, database)


@settings(deadline=None)
@given(
    password=secrets,
    template=st.sampled_from(
        [
            "postgres://u:{}@h/db",
            "postgres://u:{}@h:5432/db?sslmode=prefer",
            "postgres://{}@h/db",
            "postgres://u:{}/db",
            "postgres://u:{}",
            "u:{}@h/db",
            "{}",
            "postgres://h/db?user=u&password={}",
            "postgres://h/db?sslpassword={}&x",
            "host=h password={} dbname=db",
            "jdbc:postgresql://h/db?password={}",
            "postgres://u:{}@h,h2/db",
            "postgres://u:{}@[::1/db",
            "postgres://u:{}@/db?sslmode={}",
            "'postgres://u:{}@h/db'",
        ]
    ),
    cut=st.integers(0, 60),
    junk=st.sampled_from(["", " ", "\n", "\x00", "%", "@", "#", "//", "\udc80", ":", "]"]),
)
def test_no_explanation_of_a_broken_url_shows_the_password(
    password: str, template: str, cut: int, junk: str
) -> None:
    text = template.format(password, password)
    text = text[:cut] + junk + text[cut:]
    try:
        parse(text, os_user="me")
    except UrlFault as fault:
        said = f"{fault.message} {fault.hint}"
        said += "".join(traceback.format_exception_only(fault))
        pieces = {password[start : start + 4] for start in range(len(password) - 3)}
        leaks = [piece for piece in pieces if piece in said and any(map(str.isalnum, piece))]
        chained = fault.__cause__ or fault.__context__
    else:
        leaks, chained = [], None
    assert not leaks
    assert chained is None
