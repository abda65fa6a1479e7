"""The spellings in which a child or a library may print a password."""

import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus


def lower_hex(text: str) -> str:
    """Percent-encoding as some libraries write it."""
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": lambda secret: secret,
    "rfc 3986": lambda secret: quote(secret, safe=""),
    "a path": quote,
    "Go's userinfo": lambda secret: quote(secret, safe="$&+,;=-_.~"),
    "Go's path": lambda secret: quote(secret, safe="$&+,/:;=@-_.~"),
    "JavaScript's component": lambda secret: quote(secret, safe="!'()*-_.~"),
    "a form": quote_plus,
    "lower case hex": lambda secret: lower_hex(quote(secret, safe="")),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json, not ascii": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json in json": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "json in json in json": lambda secret: json.dumps(json.dumps(json.dumps(secret)[1:-1])[1:-1])[1:-1],
    "repr": lambda secret: repr(secret)[1:-1],
    "repr of repr": lambda secret: repr(repr(secret)[1:-1])[1:-1],
    "ascii": lambda secret: ascii(secret)[1:-1],
    "sql": lambda secret: secret.replace("'", "''"),
    "sql identifier": lambda secret: secret.replace('"', '""'),
    "escape string": lambda secret: secret.replace("\\", "\\\\").replace("'", "\\'"),
    "a libpq keyword": lambda secret: secret.replace("\\", "\\\\").replace("'", "\\'"),
    "percent in json": lambda secret: json.dumps(quote(secret, safe=""))[1:-1],
    "Go's %q": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1].replace("\x7f", "\\x7f"),
    "html-safe json": lambda secret: json.dumps(secret)[1:-1].replace("<", "\\u003c").replace("&", "\\u0026"),
}
