"""Runs nothing, and tells which verb would have run."""

import importlib
import pkgutil

import pytest

import dbmate_wrap.cli
from dbmate_wrap.cli import command
from dbmate_wrap.cli.options import Common


def record_verbs(monkeypatch: pytest.MonkeyPatch, options: list[Common] | None = None) -> list[str]:
    """Return the list to which each verb that a command runs is added; it is not run.

    `options` gets the common options of each.
    """
    names: list[str] = []

    def record(name: str, common: Common, *rest: object) -> None:
        names.append(name)
        if options is not None:
            options.append(common)

    for found in pkgutil.iter_modules(dbmate_wrap.cli.__path__):
        module = importlib.import_module(f"dbmate_wrap.cli.{found.name}")
        for runner in ("run_verb", "run_without_project"):
            if module is not command and hasattr(module, runner):
                monkeypatch.setattr(module, runner, record)
    return names
