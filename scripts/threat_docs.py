"""Makes docs/threats.md of docs/threats.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

_HEAD = """# Threats

Made from `docs/threats.toml` by `make docs`: do not edit.

Who could attack a project that uses dbmate-wrap, what they could try, and what stops them. What is claimed to
be stopped names the tests that fail when it no longer is. Where nothing stops it, that is said, with what
to do.
"""


@dataclass(frozen=True)
class Attacker:
    """Somebody who may attack; `can` says what they are taken to be able to do."""

    id: str
    name: str
    can: str


@dataclass(frozen=True)
class Threat:
    """What an attacker tries; `stops` is None where nothing stops it, and then `do` is there.

    `tests` are written `file::function`, and there is one at least where something stops it.
    """

    id: str
    who: str
    tries: str
    stops: str | None = None
    remains: str | None = None
    do: str | None = None
    tests: tuple[str, ...] = ()


def read_threats(path: Path) -> tuple[tuple[Attacker, ...], tuple[Threat, ...]]:
    """Return the attackers and the threats in their order. Raises TypeError for a key that does not exist."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    threats = [Threat(**{**each, "tests": tuple(each.get("tests", ()))}) for each in table["threat"]]
    return tuple(Attacker(**each) for each in table["who"]), tuple(threats)


def page(path: Path) -> str:
    """Return docs/threats.md."""
    attackers, threats = read_threats(path)
    parts = [_HEAD]
    for attacker in attackers:
        parts.append(f"## {attacker.name}\n\n{attacker.can}\n")
        parts += [_section(each) for each in threats if each.who == attacker.id]
    return "\n".join(parts)


def _section(threat: Threat) -> str:
    points = [
        ("Stopped", threat.stops or "by nothing."),
        ("What remains", threat.remains),
        ("What to do", threat.do),
        ("Tests", ", ".join(_link(each) for each in threat.tests)),
    ]
    lines = [f"- {name}: {text}" for name, text in points if text]
    return "\n".join([f"### {threat.id}", "", threat.tries, "", *lines, ""])


def _link(test: str) -> str:
    file, _, function = test.partition("::")
    return f"[{function}](../{file})"
