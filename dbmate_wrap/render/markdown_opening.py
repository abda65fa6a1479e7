"""Writes what stands in a comment before its tables: the target, the error, the summary, and texts."""

from collections.abc import Iterator

from dbmate_wrap.domain import results
from dbmate_wrap.domain.entities import DiagramResult
from dbmate_wrap.domain.fleet_result import FleetResult, FleetTargetResult
from dbmate_wrap.domain.mermaid import MOST_CHARACTERS
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.plan_result import PlanResult
from dbmate_wrap.render import fleet_markdown, plan_markdown
from dbmate_wrap.render.markdown_text import block, cell, code, size_of
from dbmate_wrap.render.stderr_text import error_lines
from dbmate_wrap.render.text import is_one_line

# In characters, of which one has at most four bytes: with these there is always room for the rest.
_MAX_ERROR = 5_000
_MAX_OUTPUT = 5_000
_MAX_SUMMARY = 1_000


def opening(outcome: Outcome, limit: int) -> Iterator[str]:
    """Yield the paragraphs; a text that would leave no room for more within `limit` bytes is cut."""
    if outcome.target is not None:
        target, environment = outcome.target, code(outcome.environment or "")
        server = f"PostgreSQL {cell(target.server_version)}"
        yield f"{environment}: database {code(target.database)} on {code(target.place)}, {server}"
    if outcome.error is not None:
        yield block("\n".join(error_lines(outcome)), _MAX_ERROR)
    if outcome.summary:
        yield (block if is_one_line(outcome) else cell)(outcome.summary, _MAX_SUMMARY)
    yield from _texts(outcome.result, limit)


def _texts(result: results.Result | None, limit: int) -> Iterator[str]:
    match result:
        case results.ExplainResult(pages):
            yield from (page.text.rstrip() for page in pages)
        case results.ExecResult(stdout=text) | results.SchemaResult(text) | results.KeptTextResult(text=text):
            yield from [block(text, _MAX_OUTPUT)] if text else []
        case results.DriftResult(differences) if differences:
            yield block("\n".join(each.diff for each in differences), _MAX_OUTPUT)
        case PlanResult():
            yield from plan_markdown.opening(result)
        case FleetResult() | FleetTargetResult():
            yield from fleet_markdown.opening(result)
        case DiagramResult(diagram):
            yield _diagram(diagram, limit - _MAX_ERROR)
        case results.InitResult(files):
            by_hand = [(code(row.file), block(row.text, _MAX_OUTPUT)) for row in files if row.text]
            yield from (f"By hand, in {file}:\n\n{text}" for file, text in by_hand)
        case _:
            pass


def _diagram(text: str, room: int) -> str:
    """Return the fence that GitHub and GitLab draw; what they would not draw is not shown in part."""
    shown = block(text.removesuffix("\n"), MOST_CHARACTERS, "mermaid")
    fits = len(text) <= MOST_CHARACTERS and size_of(shown) <= room
    return shown if fits else f"It has {len(text)} characters, and Mermaid draws {MOST_CHARACTERS}."
