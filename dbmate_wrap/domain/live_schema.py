"""What a database has: pg_dump's text of its schema, and what that leaves out."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dbmate_wrap.domain.identifier import quoted

_OWNER = "the owner of "
_PRIVILEGES = "the privileges of "
_DEFAULTS = "the default privileges "
# The ledger and the stamp are no part of a project's schema.
_OWN_SCHEMA = re.compile(r"\bdbmate_wrap\b")
_VERSION = "the version of extension "


@dataclass(frozen=True)
class LiveSchema:
    """pg_dump's text of a live schema; `facts` are owners, rights, settings and the like, by name.

    `history_table` is the schema and name of dbmate's own table, `owner` the role that migrates.
    """

    text: str = field(repr=False)
    facts: Mapping[str, str] = field(repr=False)
    major: int
    history_table: tuple[str, str]
    owner: str


def extension_versions(shared: Mapping[str, str]) -> Mapping[str, str]:
    """Return those facts beside a schema that are versions of extensions."""
    return {name: fact for name, fact in shared.items() if name.startswith(_VERSION)}


def without_owner(facts: Mapping[str, str], owner: str, called: str) -> Mapping[str, str]:
    """Return the facts of a schema that `owner` has made, with that role `called` otherwise.

    That a thing belongs to whom migrates says nothing, nor who owns the database itself.
    """
    written = _written(owner)
    names = re.compile(rf"(?P<before>^|, |\n){re.escape(written)}(?= )")
    in_name = f"{_DEFAULTS}for role {written} "
    found: dict[str, str] = {}
    for name, fact in facts.items():
        is_theirs = name == f"{_OWNER}the database" or fact == written
        if _OWN_SCHEMA.search(name) or (name.startswith(_OWNER) and is_theirs):
            continue
        if name.startswith(_DEFAULTS):
            # The owner of an entry has a line of its own there, but for the first superuser.
            fact = "\n".join(line for line in fact.split("\n") if line != written)
        shown = name.replace(in_name, f"{_DEFAULTS}for role {_written(called)} ", 1)
        found[shown] = _sorted(names.sub(lambda each: each["before"] + _written(called), fact))
    return found


def _written(role: str) -> str:
    """The role as PostgreSQL writes it: in quotes where it has to, but for words that it reserves."""
    return role if re.fullmatch(r"[a-z_][a-z0-9_]*", role) else quoted(role)


def _sorted(fact: str) -> str:
    """The rights of a fact in one order, whatever the roles are called."""
    return "\n".join(sorted(", ".join(sorted(line.split(", "))) for line in fact.split("\n")))


def with_owners_kept(
    made: Mapping[str, str], there: Mapping[str, str], roles: Collection[str], owner: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return both facts where what belongs to one of `roles` in `there` counts as belonging to `owner`.

    In what was `made` it stayed with who migrates, and so did the owner's own privileges.
    """
    written = {*roles, *map(quoted, roles)}
    given = {name.removeprefix(_OWNER): fact for name, fact in there.items() if name.startswith(_OWNER)}
    kept = {name: fact for name, fact in given.items() if fact in written}
    left, right = dict(made), {name: fact for name, fact in there.items() if not _belongs(name, kept)}
    for thing, former in kept.items():
        name = f"{_PRIVILEGES}{thing}"
        if name in right:
            right[name] = _sorted(re.sub(rf"(?:^|(?<=, )){re.escape(former)} ", f"{owner} ", right[name]))
        if name in left:
            left[name] = _sorted(left[name])
    return left, right


def _belongs(name: str, kept: Collection[str]) -> bool:
    return name.startswith(_OWNER) and name.removeprefix(_OWNER) in kept
