"""Measures `check`: the static part alone, and the replay with a cold and with a warm cache."""

from contextlib import ExitStack
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.temporary import temporary
from scripts.bench.measure import (
    WRAP,
    Run,
    add_migration,
    folder_of,
    forget_shadows,
    in_turns,
    ms,
    project,
    timed,
)
from scripts.bench.rows import Row
from scripts.bench.samples import beyond, mebibytes, milliseconds


def check_rows(repeat: int) -> list[Row]:
    """All that is promised of `check`."""
    return [*_static(repeat), *_warm(repeat), _cold(repeat)]


def _static(repeat: int) -> list[Row]:
    with folder_of(1000) as folder:
        [runs] = in_turns(repeat, lambda: _check(folder, "--no-shadow", "--all"))
    return [
        Row("static checks of 1,000 (`check --no-shadow --all`)", milliseconds(runs), "ms", 1500),
        Row("their memory", mebibytes(runs), "MiB", 200),
    ]


def _warm(repeat: int) -> list[Row]:
    """On a history of 1,000 that was checked before: nothing new, or one new migration, each time another."""
    with folder_of(1000) as folder:
        numbers = iter(range(10_000))

        def another() -> Run:
            add_migration(folder / "db" / "migrations", 1001, f"name_{next(numbers)}")
            return _check(folder)

        try:
            _check(folder)
            [unchanged] = in_turns(repeat, lambda: _check(folder))
            [one_new] = in_turns(repeat, another)
        finally:
            forget_shadows(folder)
    return [
        Row("`check` of 1,000 where nothing has changed", milliseconds(unchanged), "ms", 350),
        Row("`check` of one new migration on 1,000, cache warm", milliseconds(one_new), "ms", 900),
    ]


def _cold(repeat: int) -> Row:
    """The first `check` ever against raw dbmate on a new database of a server with default settings.

    Each in a project of its own, and all are removed at the end: ext4 is slow to make files where thousands
    were removed in the last minutes, which no first check meets.
    """
    with ExitStack() as stack:
        server = stack.enter_context(temporary(binaries.embedded(), durable=True))
        folders = [stack.enter_context(folder_of(1000)) for _ in range(repeat)]
        projects = [stack.enter_context(project(server, 1000)) for _ in range(repeat)]
        for folder in folders:
            stack.callback(forget_shadows, folder)
        unused, unmigrated = iter(folders), iter(projects)
        ours, theirs = in_turns(
            repeat,
            lambda: _check(next(unused)),
            lambda: next(unmigrated).dbmate("--no-dump-schema", "migrate"),
        )
    return Row(
        "`check` of 1,000 with nothing cached, beyond raw `dbmate migrate` on default settings",
        beyond(ours, theirs),
        "ms",
        1000,
        f"{ms(ours)} and {ms(theirs)}",
    )


def _check(folder: Path, *words: str) -> Run:
    return timed([*WRAP, "check", "-q", *words], cwd=folder)
