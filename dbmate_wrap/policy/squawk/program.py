"""Finds squawk, runs it, once for all files or once for each where that run fails, and reads its report."""

import contextlib
import json
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.migrations.stage import stage

_NAME = "squawk.exe" if sys.platform == "win32" else "squawk"
# 10 MB of SQL take 2.5 s; its time is in the square of the depth of nesting: 100,000 parentheses take 16 s.
_SECONDS, _SECONDS_PER_MEGABYTE = 10.0, 2.0
# Characters; some 50,000 findings, which nobody reads.
_LIMIT = 16 << 20
# Recursion without a bound: 5,000 nested parentheses overflow the 2 MiB that its threads have by default.
_STACK = {"RUST_MIN_STACK": str(64 << 20)}
_INHERITED = ("SYSTEMROOT", "TMPDIR")
# How long single runs may take altogether: so many times as long as one run for all of them, and for each
# file five times as long as squawk needs to start.
_PATIENCE, _SECONDS_TO_START = 4, 0.1
_CONFIG = "config.toml"
_EMPTY = "empty.sql"


@dataclass(frozen=True)
class Violation:
    """One entry of the report; `line` and `column` count from 0, columns in bytes of UTF-8."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    help: str | None


@dataclass(frozen=True)
class SquawkOutput:
    """The violations in the files, and the reason for each file that squawk cannot read."""

    violations: tuple[Violation, ...]
    failed: Mapping[str, str]


def find_squawk(scripts_dir: Path, search_path: str) -> Path | None:
    """The squawk beside our own python, where its wheel puts it, or on `search_path`; None without one."""
    own = scripts_dir / _NAME
    if own.exists():
        return own
    import shutil  # Slow to import, and not needed where squawk is installed beside us.

    on_path = shutil.which(_NAME, path=search_path)
    return Path(on_path).absolute() if on_path else None


def version(program: Path) -> str:
    """Its version, as in ``2.70.0``. Raises BinaryError when it does not run or is another program."""
    done = _run(program, ["--version"], None, _SECONDS)
    name, _, number = done.stdout.strip().partition(" ")
    if done.returncode != 0 or name != "squawk" or not number[:1].isdigit():
        raise _unusable(program, _reason(done))
    return number


def find_violations(program: Path, copies: Mapping[str, bytes]) -> SquawkOutput:
    """Run squawk on `copies` (file name -> content; plain names that end in ``.sql``).

    One file on which squawk crashes, or for which it takes too long, spoils a run for all: then each file is
    run alone. Raises BinaryError when squawk cannot be started, or does not even manage an empty file.
    """
    answer = _run_once(program, copies)
    if not isinstance(answer, str):
        return SquawkOutput(answer, {})
    probe = _run_once(program, {})
    if isinstance(probe, str):
        raise _unusable(program, probe)
    last = time.monotonic() + _PATIENCE * _seconds_for(copies) + _SECONDS_TO_START * len(copies)
    violations: list[Violation] = []
    failed: dict[str, str] = {}
    for name, content in copies.items():
        in_time = len(copies) > 1 and time.monotonic() < last
        alone = _run_once(program, {name: content}) if in_time else answer
        if isinstance(alone, str):
            failed[name] = alone
        else:
            violations += alone
    return SquawkOutput(tuple(violations), failed)


def _run_once(program: Path, copies: Mapping[str, bytes]) -> tuple[Violation, ...] | str:
    """The violations in `copies`, or the reason why a run has no report. Raises BinaryError like `_run`."""
    # The empty file makes two at least: one alone is read in the main thread, whose stack is small.
    contents = {_CONFIG: b"", _EMPTY: b"", **copies}
    seconds = _seconds_for(copies)
    with stage([MigrationFile(name, "", "", content) for name, content in contents.items()]) as folder:
        # Any other configuration would be looked for in all folders above; the pattern is expanded by squawk.
        done = _run(program, ["--reporter", "json", "--config", _CONFIG, "*.sql"], folder, seconds)
    if done.timed_out:
        return f"it did not end within {seconds:.0f} s"
    if done.truncated:
        return "it found more than can be shown"
    # 1 means findings and failures alike: the report decides.
    if done.returncode in (0, 1):
        with contextlib.suppress(ValueError, RecursionError):
            return read_report(done.stdout)
    return _reason(done)


def _seconds_for(copies: Mapping[str, bytes]) -> float:
    """The time that one run may take: far longer than it does, also on a busy machine."""
    return _SECONDS + _SECONDS_PER_MEGABYTE * sum(map(len, copies.values())) / 1e6


def _unusable(program: Path, reason: str) -> BinaryError:
    """The error that says why, with a way to repair it and one to do without."""
    python = shlex.quote(sys.executable or "python3")
    return BinaryError(
        f"squawk cannot be used ({program}): {reason}",
        hint=f"run: {python} -m pip install --force-reinstall squawk-cli; "
        'or do without it: squawk = "off" in the table [policy]',
    )


def _run(program: Path, arguments: list[str], folder: Path | None, seconds: float) -> process.Completed:
    env = process.inherited(_INHERITED) | _STACK
    command = process.Command((str(program), *arguments), env, folder)
    try:
        return process.run(command, timeout=seconds, limit=_LIMIT)
    except OSError as error:
        raise _unusable(program, error.strerror or str(error)) from None


def _reason(done: process.Completed) -> str:
    """The first line that it printed to stderr, or how it ended."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return f"{lines[0]} ({done.ending})" if lines else f"no report, {done.ending}"


def read_report(text: str) -> tuple[Violation, ...]:
    """The report of `--reporter json`. Raises ValueError for anything else."""
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise ValueError("no list")
    return tuple(_violation(entry) for entry in entries)


def _violation(entry: object) -> Violation:
    match entry:
        case {
            "file": str(file),
            "line": int(line),
            "column": int(column),
            "rule_name": str(rule),
            "message": str(message),
            "help": str() | None as help_,
        }:
            return Violation(file, line, column, rule, message, help_)
    raise ValueError("an entry of another shape")
