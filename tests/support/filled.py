"""Outcomes of every kind with one text in every field, made from the types of the fields."""

from collections.abc import Collection
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dbmate_wrap.domain.fleet_end import TargetEnd
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import Result
from tests.support.outcomes import STARTED

# What stands in the fields that are to be left alone: a state, and a word of the output.
LEFT_ALONE = "applied"


def filled_outcomes(text: str, but: Collection[str] = ()) -> list[Outcome]:
    """One outcome for each type of result, with the text in every string but in the fields of these names."""
    made: list[Outcome] = []
    for kind in get_args(Result):
        run, result = filled(Outcome, text, but), filled(kind, text, but)
        assert isinstance(run, Outcome)
        assert isinstance(result, kind)
        made.append(replace(run, result=result))
    return made


def filled(hint: Any, text: str, but: Collection[str] = ()) -> object:  # noqa: ANN401 - whatever a field is annotated with
    """A value of this type with the text in every string; fails on a type that it does not know."""
    plain = {int: 7, float: 7.5, bool: True, datetime: STARTED, Path: Path("p"), str: text}
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in plain:
        return plain[hint]
    if origin is UnionType:
        return filled(next(each for each in arguments if each is not NoneType), text, but)
    if origin is Literal:
        return arguments[0]
    if origin in (list, tuple):
        return origin([filled(arguments[0], text, but)])
    if origin is dict:
        return {filled(arguments[0], text, but): filled(arguments[1], text, but)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    assert isinstance(hint, type), f"no value of the type {hint}"
    assert is_dataclass(hint), f"no value of the type {hint}"
    hints = get_type_hints(hint, localns={"Result": Result, "TargetEnd": TargetEnd})
    texts = {field.name: LEFT_ALONE if field.name in but else text for field in fields(hint)}
    return hint(**{name: filled(hints[name], each, but) for name, each in texts.items()})
