"""What stands in place on a terminal, by the bytes that are written."""

import io
import os
from types import SimpleNamespace

import pytest

from dbmate_wrap.cli import terminal as module
from dbmate_wrap.cli.terminal import Terminal, paint_for

ERASE = "\r\x1b[K"


class Screen(io.StringIO):
    """A stream that says it is a terminal of 20 columns."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """stderr as a terminal."""
    made = Screen()
    # pytest sets its own streams again between a fixture and its test.
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=made, stdout=io.StringIO()))
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((20, 5)))
    monkeypatch.setenv("TERM", "xterm")
    return made


def replace(terminal: Terminal, text: str) -> None:
    """Show it in place."""
    assert terminal.replace_line is not None
    terminal.replace_line(text)


def test_a_line_in_place_is_cut_to_the_width_and_taken_away_by_whatever_follows(screen: Screen) -> None:
    terminal = Terminal(lambda text: text)
    replace(terminal, "applying 002_orders.sql, 3 s")
    assert screen.getvalue() == "applying 002_orders"
    terminal.say("applied")
    assert screen.getvalue() == f"applying 002_orders{ERASE}applied\n"


@pytest.mark.parametrize("write", ["err", "err_masked", "say", "out_masked", "show"])
def test_every_way_to_write_takes_it_away(screen: Screen, write: str) -> None:
    terminal = Terminal(lambda text: text, streams_result=True)
    replace(terminal, "a")
    getattr(terminal, write)("b")
    assert screen.getvalue().startswith(f"a{ERASE}")
    getattr(terminal, write)("c")
    assert screen.getvalue().count(ERASE) == 1


def test_nothing_in_place_is_taken_away_once(screen: Screen) -> None:
    terminal = Terminal(lambda text: text)
    replace(terminal, "")
    replace(terminal, "a")
    replace(terminal, "b")
    replace(terminal, "")
    replace(terminal, "")
    assert screen.getvalue() == f"a{ERASE}b{ERASE}"


def test_a_secret_is_masked_before_it_is_cut(screen: Screen) -> None:
    terminal = Terminal(lambda text: text.replace("s3cr3t-s3cr3t", "***"))
    replace(terminal, "password s3cr3t-s3cr3t")
    assert screen.getvalue() == "password ***"


@pytest.mark.parametrize(("quiet", "term"), [(True, "xterm"), (False, "dumb")])
def test_there_is_no_place_where_nothing_can_be_redrawn(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, quiet: bool, term: str
) -> None:
    monkeypatch.setenv("TERM", term)
    assert Terminal(lambda text: text, quiet=quiet).replace_line is None


def test_a_terminal_without_a_size_has_eighty_columns(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((0, 0)))
    replace(Terminal(lambda text: text), "x" * 100)
    assert len(screen.getvalue()) == 79


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "0", "TERM": "dumb"}, False),
    ],
    ids=str,
)
def test_colours_are_asked_for_by_variables(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert paint_for(screen).enabled is coloured
    assert paint_for(io.StringIO()).enabled is (coloured and "FORCE_COLOR" in variables)
    assert paint_for(None).enabled is (coloured and "FORCE_COLOR" in variables)
