"""Parses the text of a URL; the error for a malformed text quotes nothing of it."""

import re

from dbmate_wrap.domain.database_url.fault import ENCODE, FORM, UrlFault, decoded
from dbmate_wrap.domain.database_url.host import canonical
from dbmate_wrap.domain.database_url.query import read_query
from dbmate_wrap.domain.database_url.value import DatabaseUrl

# PostgreSQL cuts longer names (NAMEDATALEN - 1), so two long names could be one database.
_LONGEST_NAME = 63

# Pattern, message and hint, tried in this order. The later ones find the characters at which programs split a
# URL differently; most often they belong to a password.
_MALFORMED = (
    (r"\A\Z", "it is empty", FORM),
    ("[\ud800-\udfff]", "it is not UTF-8 text", "write letters beyond ASCII as %XX of their UTF-8 bytes"),
    (
        r"(?ai)\A(export\s+)?[a-z_]\w*\s*=\s*['\"]?postgres(ql)?:",
        "it begins with a variable's name and =",
        "keep what follows the =",
    ),
    (
        r"(?i)\A(host|hostaddr|port|dbname|database|user|password|sslmode|service|server|uid)\s*=",
        "it is a list of key=value pairs, not a URL",
        FORM,
    ),
    (r"\A['\"`]", "it is wrapped in quotes", "remove them; only a shell takes quotes away"),
    (r"(?i)\Apostgres(ql)?:(?!//)", "its scheme is not followed by //", FORM),
    (r"(?i)\A(?!postgres(ql)?:)", "it does not begin with postgres:// or postgresql://", FORM),
    (r"\s", "it has a space or line break in it", ENCODE),
    ("#", "it has a # in it", ENCODE),
    ("@.*@", "it has more than one @", f"keep only the one before the host; {ENCODE}"),
    ("//.*[/?].*@", "it has an @ after a / or ?", ENCODE),
    (r"\?.*\?", "it has more than one ?", ENCODE),
    (r"\A\w+://[^/?]*/[^?]*/", "it has more than one / after the host", ENCODE),
)


def parse(text: str, *, os_user: str) -> DatabaseUrl:
    """Parse a URL as libpq and dbmate do where they agree.

    `os_user` is the user where the URL names none (empty: there is none). Raises UrlFault.
    """
    text = text.strip()
    for pattern, message, hint in _MALFORMED:
        if re.search(pattern, text):
            raise UrlFault(message, hint=hint)
    if not text.isprintable():
        hint = "type the URL again; copying often brings one"
        raise UrlFault("it has an invisible character in it", hint=hint)
    place, _, query = text.partition("://")[2].partition("?")
    authority, _, path = place.partition("/")
    userinfo, _, where = authority.rpartition("@")
    raw_user, _, raw_password = userinfo.partition(":")
    raw_host, raw_port = _host_and_port(where)
    given, parameters = read_query(query)
    before = {"user": decoded(raw_user), "password": decoded(raw_password), "dbname": decoded(path)}
    for name, value in (before | {"port": raw_port}).items():
        # libpq takes an empty password for none.
        if value and given.setdefault(name, value) != value:
            raise UrlFault(f"it says {name} twice, differently", hint=f"remove {name}= after the ?")
    host, port = _host(decoded(raw_host), given), _port(given.get("port", "5432"))
    user, database = given.get("user") or os_user, given.get("dbname")
    if not user:
        raise UrlFault("it names no user, and neither does the operating system", hint=FORM)
    if not database:
        raise UrlFault("it names no database", hint="end it in /DATABASE")
    for name, kind in ((user, "user name"), (database, "database")):
        if len(name.encode()) > _LONGEST_NAME:
            raise UrlFault(f"its {kind} is longer than PostgreSQL's {_LONGEST_NAME} bytes", hint=ENCODE)
    return DatabaseUrl(user, given.get("password"), host, port, database, parameters)


def _host_and_port(where: str) -> tuple[str, str]:
    if "," in where:
        return where, ""
    if where.startswith("["):
        host, bracket, port = where.partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise UrlFault("the brackets of its host are not followed by a port or /", hint=ENCODE)
        return f"{host}]", port[1:]
    if where.count(":") > 1:
        hint = f"write an IPv6 address in brackets, as in [::1]:5432; {ENCODE}"
        raise UrlFault("its host has more than one colon", hint=hint)
    host, _, port = where.partition(":")
    return host, port


def _host(before: str, given: dict[str, str]) -> str:
    after = given.get("host") or given.get("socket") or ""
    if before and after and before != after and before.lower() != "localhost":
        raise UrlFault("it names two hosts", hint="remove host= (or socket=) after the ?")
    if "socket" in given and not after.startswith("/"):
        raise UrlFault("its socket is not an absolute path", hint="write ?socket=/run/postgresql")
    # Both dbmate and libpq let the one after the ? win; a localhost before it is a mere placeholder.
    return canonical(after or before)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise UrlFault("its port is not a number from 1 to 65535", hint=ENCODE)
    return int(text)
