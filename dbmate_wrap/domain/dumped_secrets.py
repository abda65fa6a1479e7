"""Replaces the passwords that pg_dump writes: of user mappings, foreign servers and tables, subscriptions."""

import re

_PLACEHOLDER = "***"
NOTE = f"-- Passwords are not kept here: '{_PLACEHOLDER}' stands for each, and is to be set by hand.\n\n"

# Only in entries of these kinds: the body of a function stays byte for byte.
_ENTRY = re.compile(
    r"^-- Name: .+; Type: (?:SERVER|USER MAPPING|FOREIGN DATA WRAPPER|FOREIGN TABLE|SUBSCRIPTION);.*\n--\n"
    r"(?:(?!-- Name: ).*(?:\n|\Z))*",
    re.MULTILINE,
)
_LITERAL = r"E?'(?:[^']|'')*'"
_OPTION = rf'(?:"(?:[^"]|"")+"|\w+) {_LITERAL}'
# As pg_dump writes them: one option a line.
_OPTIONS = re.compile(rf"(?<=OPTIONS \(\n)(?: {{4}}{_OPTION},?\n)+(?=\))")
_NAMED = re.compile(rf' {{4}}"?(?P<name>[^" ]+)"? (?P<value>{_LITERAL})')
_CONNECTION = re.compile(rf"(?<= CONNECTION ){_LITERAL}(?= PUBLICATION )")
# An option `key` marks a column, `singleton_key` a table; `password_required` is a boolean.
_SECRET = re.compile(
    r"(?:pass(?:word|wd|phrase|file|code)?|pwd|secret|token|credentials?|jwt|authorization"
    r"|(?:api|access|account|auth|client|encryption|private|sa|sas|secret|server|service|shared|ssl)[_-]?key)\d*$",
    re.IGNORECASE,
)
_WORDS = r"(?i:(?:ssl)?password|passfile|sslkey|pwd|oauth_client_secret|scram_(?:client|server)_key)"
_IN_CONNINFO = re.compile(
    rf"(\b{_WORDS}\s*=\s*)(?:'(?:\\.|[^'\\])*'|(?:\\.|[^\s'\\;])(?:\\.|[^\s\\;])*)", re.DOTALL
)
_IN_URL = re.compile(rf"(://[^/\s:@]*:)[^/\s]*(?=@)|([?&]{_WORDS}=)[^&\s]*")


def mask_passwords(dump: str) -> str:
    """Return pg_dump's text with a placeholder for each password, and a comment where there is one."""
    masked = _ENTRY.sub(_mask_entry, dump)
    return dump if masked == dump else NOTE + masked


def mask_connections(text: str) -> str:
    """Return a text with a placeholder for each password in a connection string, which may be anywhere."""
    return _mask_conninfo(_mask_url(text))


def _mask_url(text: str) -> str:
    return _IN_URL.sub(lambda found: f"{found[1] or found[2]}{_PLACEHOLDER}", text)


def _mask_conninfo(text: str) -> str:
    return _IN_CONNINFO.sub(rf"\1{_PLACEHOLDER}", text)


def _mask_entry(entry: re.Match[str]) -> str:
    text = _OPTIONS.sub(lambda options: _NAMED.sub(_mask_option, options[0]), entry[0])
    return _CONNECTION.sub(lambda literal: _mask_literal(literal[0]), text)


def _mask_option(option: re.Match[str]) -> str:
    secret = _SECRET.search(option["name"]) is not None
    value = f"'{_PLACEHOLDER}'" if secret else _mask_literal(option["value"])
    return option[0].removesuffix(option["value"]) + value


def _mask_literal(literal: str) -> str:
    """Mask the passwords in a connection string; any other literal stays as it is."""
    escaped = literal.startswith("E")
    text = literal[2 if escaped else 1 : -1].replace("''", "'")
    text = text.replace("\\\\", "\\") if escaped else text
    masked = _mask_url(text) if "://" in text else _mask_conninfo(text)
    if masked == text:
        return literal
    masked = masked.replace("'", "''")
    return "E'" + masked.replace("\\", "\\\\") + "'" if escaped else f"'{masked}'"
