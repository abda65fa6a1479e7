"""Reads what a program printed as the runner of GitHub Actions does."""

import re

_COMMAND = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<data>.*)")


def read_commands(stdout: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands that the runner finds (actions/runner, ActionCommand.cs): name, properties, data."""
    found: list[tuple[str, dict[str, str], str]] = []
    for line in stdout.splitlines():
        assert "##[" not in line or line.lstrip().startswith("::"), line
        if (match := _COMMAND.match(line.lstrip())) is None:
            assert not line.lstrip().startswith("::"), line
            continue
        pairs = (pair.split("=", 1) for pair in (match["properties"] or "").split(",") if pair)
        properties = {name: _plain(value, ":,") for name, value in pairs}
        found.append((match["name"], properties, _plain(match["data"])))
    return found


def _plain(value: str, more: str = "") -> str:
    """What the runner makes of an escaped value: the per cent sign last."""
    for character in f"\r\n{more}%":
        value = value.replace(f"%{ord(character):02X}", character)
    return value
