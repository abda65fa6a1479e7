"""Masks every text of an outcome, so that what is made of it may be escaped, cut and hashed."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import PurePath

from dbmate_wrap.domain.outcome import Outcome

# None of these is text from outside: a password of digits must not punch holes into them.
_NO_TEXT = frozenset(
    {"command", "run_id", "severity", "rule", "status", "state", "version", "checksum", "sqlstate", "applied"}
    | {"applied_at", "recorded_at"}
)


def masked(outcome: Outcome, mask: Callable[[str], str]) -> Outcome:
    """The outcome without secrets; of `sources` only the files that findings are about are kept."""
    named = {finding.file for finding in outcome.findings}
    sources = {file: text for file, text in outcome.sources.items() if file in named}
    result = _masked(replace(outcome, sources={}), mask)
    assert isinstance(result, Outcome)
    # Files that nothing was found in stay known by their names.
    result.sources = {mask(file): mask(sources.get(file, "")) for file in outcome.sources}
    return result


def _masked(value: object, mask: Callable[[str], str]) -> object:
    match value:
        case str() if type(value) is str:
            return mask(value)
        case list():
            return [_masked(item, mask) for item in value]
        case tuple():
            return tuple(_masked(item, mask) for item in value)
        case PurePath():
            return value
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: _masked(getattr(value, field.name), mask)
                for field in fields(value)
                if field.name not in _NO_TEXT
            }
            return replace(value, **changed)
        case _:
            return value
