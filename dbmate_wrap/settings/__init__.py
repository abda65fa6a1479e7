"""Typed settings, the environments, and where each value came from."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbmate_wrap.settings.environment import Environment, ResolvedUrl
    from dbmate_wrap.settings.model import Values
    from dbmate_wrap.settings.project import Project, load

__all__ = ["Environment", "Project", "ResolvedUrl", "Values", "load"]

_MODULES = {
    "Environment": "environment",
    "Project": "project",
    "ResolvedUrl": "environment",
    "Values": "model",
    "load": "project",
}


def __getattr__(name: str) -> object:
    """Import what is asked for: shell completion needs the outline alone, and not pydantic."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
