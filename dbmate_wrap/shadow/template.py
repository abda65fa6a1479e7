"""Template databases: their names, and the record in the comment of each."""

import json
import re
import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Literal

_PREFIX = "dbmate_wrap_shadow_"
_FORMAT = 1
# On a foreign server a name that only begins like ours is not ours. PostgreSQL gets this pattern as well.
DATABASE_NAMES = rf"^{_PREFIX}(?:scratch_[0-9a-f]{{12}}|(?:copy_)?[0-9a-f]{{24}})$"
_NAME = re.compile(DATABASE_NAMES)


@dataclass(frozen=True)
class Template:
    """The record of a template database.

    `used_at`: seconds since 1970; `roles`: those that its history made; `state`: a digest of the server's
    state after that history; `size`: bytes of the database.
    """

    used_at: float
    roles: frozenset[str]
    state: str
    size: int

    def comment(self) -> str:
        """Return the comment for its database."""
        record = asdict(self) | {"format": _FORMAT, "roles": sorted(self.roles)}
        return json.dumps(record, ensure_ascii=False)


def template_name(key: str, owner: str = "") -> str:
    """Return the name of the template of a key; each `owner` on one server has templates of its own."""
    return f"{_PREFIX}{sha256(f'{key} {owner}'.encode()).hexdigest()[:24] if owner else key[:24]}"


def new_scratch_name() -> str:
    """Return a random name for a scratch database."""
    return f"{_PREFIX}scratch_{secrets.token_hex(6)}"


def copy_name(template: str) -> str:
    """Return the name of the copy of a template that was made beforehand."""
    return f"{_PREFIX}copy_{template.removeprefix(_PREFIX)}"


def database_kind(name: str) -> Literal["template", "scratch", "copy"] | None:
    """Return the kind of a database by its name; None for a name that is not ours."""
    if not _NAME.fullmatch(name):
        return None
    for kind in ("scratch", "copy"):
        if name.startswith(f"{_PREFIX}{kind}_"):
            return kind
    return "template"


def parse_template_comment(comment: str) -> Template | None:
    """Return the record in a comment; None for a comment that is not ours, or of another format."""
    try:
        found = json.loads(comment)
        if found["format"] != _FORMAT or not all(isinstance(role, str) for role in found["roles"]):
            return None
        return Template(
            float(found["used_at"]), frozenset(found["roles"]), str(found["state"]), int(found["size"])
        )
    except (ValueError, KeyError, TypeError):
        return None
