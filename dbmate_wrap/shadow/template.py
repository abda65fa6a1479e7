"""What is known of a template database: its name, and the record in its comment."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

_PREFIX = "dbmate_wrap_shadow_"
_FORMAT = 1
# On a server of others a name that merely begins like ours is not ours. PostgreSQL reads it as well.
NAMES = rf"^{_PREFIX}(?:scratch_[0-9a-f]{{12}}|[0-9a-f]{{24}})$"
_NAME = re.compile(NAMES)


@dataclass(frozen=True)
class Template:
    """When it was used (seconds since 1970), the roles that its history made, the server's state after it,
    and the bytes of its database."""

    used_at: float
    roles: frozenset[str]
    state: str
    size: int

    def comment(self) -> str:
        """The comment of its database."""
        record = {
            "format": _FORMAT,
            "used_at": round(self.used_at, 3),
            "roles": sorted(self.roles),
            "state": self.state,
            "size": self.size,
        }
        return json.dumps(record, ensure_ascii=False)


def name_of(key: str, owner: str = "") -> str:
    """The database that is the template of a key; of several roles on one server each has its own."""
    return f"{_PREFIX}{sha256(f'{key} {owner}'.encode()).hexdigest()[:24] if owner else key[:24]}"


def scratch_name() -> str:
    """A name that no database has."""
    return f"{_PREFIX}scratch_{secrets.token_hex(6)}"


def kind_of(name: str) -> Literal["template", "scratch"] | None:
    """What a database of that name is to us; None: nothing."""
    if not _NAME.fullmatch(name):
        return None
    return "scratch" if name.startswith(f"{_PREFIX}scratch_") else "template"


def read(comment: str) -> Template | None:
    """What a comment says; None where it is not one of ours, or of another format."""
    try:
        found = json.loads(comment)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        return None
    return _template(found)


def _template(found: Mapping[str, object]) -> Template | None:
    used_at, roles, state, size = (found.get(name) for name in ("used_at", "roles", "state", "size"))
    if not isinstance(used_at, int | float) or not isinstance(size, int) or not isinstance(state, str):
        return None
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        return None
    return Template(float(used_at), frozenset(map(str, roles)), state, size)
