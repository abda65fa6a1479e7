"""Typed settings, the environments, and where each value came from."""

from dbmate_wrap.settings.environment import Environment, ResolvedUrl
from dbmate_wrap.settings.model import Values
from dbmate_wrap.settings.project import Project, load

__all__ = ["Environment", "Project", "ResolvedUrl", "Values", "load"]
