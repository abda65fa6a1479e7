"""Each line about one target has its name, and nobody is asked."""

from dbmate_wrap.fleet.console import TargetConsole
from tests.support.consoles import FakeConsole


def test_each_line_has_the_name_of_its_target_and_only_warnings_are_told_unasked() -> None:
    whole = FakeConsole(has_terminal=True)
    console = TargetConsole(whole, "acme")
    console.say("warning: one")
    console.say("two")
    console.detail("three")
    assert whole.said == ["acme: warning: one"]
    assert whole.details == ["acme: two", "acme: three"]


def test_the_last_line_of_a_terminal_and_the_keyboard_belong_to_the_whole_run() -> None:
    console = TargetConsole(FakeConsole(has_terminal=True), "acme")
    assert (console.replace_line, console.can_ask, console.ask("type its name")) == (None, False, None)
