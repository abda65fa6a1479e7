"""The page of each exit code, and the table of the runbook."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dbmate_wrap.errors import ExitCode
from dbmate_wrap.pages.page import Page, filled

CODES_SOURCE = Path(__file__).parent / "exit_codes.toml"


@dataclass(frozen=True)
class NextStep:
    """What to do after one of `codes`; `when` is the case that it is about, empty where it is about all."""

    codes: tuple[ExitCode, ...]
    when: str
    next: str


def code_pages() -> Iterator[Page]:
    """Yield the page of every exit code."""
    for code in ExitCode:
        yield Page("exit code", code.label, code_markdown(code))


def code_markdown(code: ExitCode, level: str = "#") -> str:
    """Return the page of one code: its meaning, and what to do next."""
    what, rows = _source()
    paragraphs = [f"Meaning: {code.meaning}.", what[code.label]]
    for row in rows:
        if code in row.codes:
            case = f" where it says {row.when}" if row.when else ""
            paragraphs.append(f"What to do next{case}: {row.next}.")
    return "\n\n".join([f"{level} {int(code)} {code.label}", *map(filled, paragraphs)]) + "\n"


def runbook_rows() -> Iterator[tuple[str, str]]:
    """Yield code and remedy for the table of the runbook, which is about what went wrong."""
    for row in _source()[1]:
        if row.codes != (ExitCode.OK,):
            named = ", ".join(f"{int(code)} {code.label}" for code in row.codes)
            yield (f"{named}: {row.when}" if row.when else named), row.next


@cache
def _source() -> tuple[dict[str, str], tuple[NextStep, ...]]:
    table = tomllib.loads(CODES_SOURCE.read_text(encoding="utf-8"))
    codes = {int(code): code for code in ExitCode}
    rows = [
        NextStep(tuple(codes[number] for number in row["codes"]), row.get("when", ""), row["next"])
        for row in table["rows"]
    ]
    return dict(table["what"]), tuple(rows)
