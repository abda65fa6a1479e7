"""Answers a shell that completes a command line: the hidden first word of the scripts in cli/shells/.

An answer is lines: the first says who completes, ``values``, ``files`` or ``folders``; each that follows is a
value, in ``words`` with a tab and its description. It never fails and prints nothing else: what it has to say
would stand in the middle of what somebody types.
"""

import contextlib
import io
import os
import sys
from collections.abc import Sequence

from typer._click.shell_completion import CompletionItem, ShellComplete, split_arg_string
from typer.main import get_command

from dbmate_wrap.cli.completion_values import FILES, FOLDERS

# What a shell shows beside a value.
_LONGEST_DESCRIPTION = 70


class _Completion(ShellComplete):
    """Typer's own way from a command line to what can follow; words come as words, not as variables."""

    name = "words"
    source_template = ""

    def source_vars(self) -> dict[str, object]:
        """Return nothing: the scripts are files."""
        return {}

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return nothing: who asks has the words."""
        return [], ""

    def format_completion(self, item: CompletionItem) -> str:
        """Return the value with its description."""
        first = " ".join((item.help or "").partition(". ")[0].split())
        return f"{item.value}\t{first[:_LONGEST_DESCRIPTION]}".rstrip("\t")


def answer(arguments: Sequence[str]) -> str:
    """Return the answer to ``words WORD... INCOMPLETE``, or to bash's ``line LINE INCOMPLETE``.

    The words are those after the name of the command, INCOMPLETE is the one at the cursor. bash breaks words
    at = and : too, and takes values for what it calls the last one: INCOMPLETE, as it stands in LINE.
    """
    if arguments[0] == "line":
        words = split_arg_string(arguments[1])[1:]
        incomplete = words.pop() if words and not arguments[1][-1].isspace() else ""
        broken = len(incomplete) - len("".join(split_arg_string(arguments[2])))
        return _lines(words, incomplete, skipped=broken, described=False)
    *words, incomplete = arguments[1:]
    return _lines(words, incomplete, skipped=0, described=True)


def _lines(words: list[str], incomplete: str, *, skipped: int, described: bool) -> str:
    from dbmate_wrap.cli.app import app

    completion = _Completion(get_command(app), {}, "dbmate-wrap", "")
    items = completion.get_completions(list(words), incomplete)
    for item in items:
        if item.help in (FILES, FOLDERS):
            return f"{item.help[1:]}\n"
    name, equals, _ = incomplete.partition("=")
    before = f"{name}=" if equals and name.startswith("--") else ""
    lines = [before + completion.format_completion(item) for item in items]
    if not described:
        lines = [line.partition("\t")[0][skipped:] for line in lines]
    return "".join(f"{line}\n" for line in ("values", *lines))


def complete(arguments: Sequence[str]) -> None:
    """Print the answer; nothing where there is none."""
    nowhere = io.StringIO()
    silent = contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere)
    with contextlib.suppress(Exception), silent[0], silent[1]:
        os.write(1, answer(arguments).encode())
    sys.exit(0)
