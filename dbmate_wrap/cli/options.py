"""The options of the commands; the common ones are taken before a command as well as after it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dbmate_wrap.cli import completion_values

if TYPE_CHECKING:
    from dbmate_wrap.domain.fleet_reference import FleetReference
    from dbmate_wrap.workspace.bounds import Bounds


class Format(StrEnum):
    """The format of the result on stdout."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    MARKDOWN = "markdown"


Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME",
        help="The environment (default: dev).",
        autocompletion=completion_values.environments,
    ),
]
OutputFormat = Annotated[
    Format | None, typer.Option("--format", help="The format of the result on stdout (default: text).")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show more of what is done.")]
ProjectDir = Annotated[
    Path | None,
    typer.Option(
        "--project",
        "-C",
        metavar="DIR",
        help="The project's folder (default: found upwards).",
        autocompletion=completion_values.folders,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm a protected environment without being asked.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="VERSION",
        help="Stop after this version.",
        autocompletion=completion_values.versions,
    ),
]
Phase = Annotated[
    str | None,
    typer.Option(
        "--phase",
        metavar="before",
        help="Stop in front of the first migration that waits for the rollout of the new code.",
        autocompletion=completion_values.phases,
    ),
]
Wait = Annotated[
    str | None,
    typer.Option("--wait", metavar="DURATION", help="Wait this long for a server that starts: 60s."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
ExitWhenPending = Annotated[bool, typer.Option("--exit-code", help="Exit with 32 when anything is pending.")]
AllEnvironments = Annotated[
    bool,
    typer.Option("--all", help="Show all environments side by side; -v: durations, and who deployed last."),
]
Full = Annotated[
    bool,
    typer.Option("--full", help="Do not fold what is applied to a count (JSON and Markdown have it all)."),
]
AllFiles = Annotated[bool, typer.Option("--all", help="Check old migrations as strictly as new ones.")]
NewName = Annotated[str, typer.Argument(help="The change in a few words: add_orders.")]
NoShadow = Annotated[
    bool, typer.Option("--no-shadow", help="Skip the replay: read only files, lockfile and SQL.")
]
NoMeasure = Annotated[
    bool, typer.Option("--no-shadow", help="Do not measure what the statements lock and do.")
]
NoLive = Annotated[
    bool, typer.Option("--no-live", help="Ask no database: plan what the branch adds (a pull request).")
]
RunProbes = Annotated[bool, typer.Option("--probe", help="Look for rows that would make it fail, read only.")]
ShowSql = Annotated[bool, typer.Option("--sql", help="Show the statements too.")]
Unknown = Annotated[bool, typer.Option("--unknown", help="Undo every applied version that has no file here.")]
Show = Annotated[
    str | None,
    typer.Option(
        "--show",
        metavar="VERSION",
        help="Print the text of this version that ran.",
        autocompletion=completion_values.versions,
    ),
]
Last = Annotated[int | None, typer.Option("--last", metavar="N", min=1, help="Only the last N lines.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="Write to this file, or - for stdout.",
        autocompletion=completion_values.files,
    ),
]
Write = Annotated[bool, typer.Option("--write", help="Let it change something (asks as `up` does).")]
PageName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A rule, exit code, state or guide; without it: all names.",
        autocompletion=completion_values.pages,
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REF",
        help="The git commit to compare with (default: the merge base with the remote's main branch).",
    ),
]
Sarif = Annotated[
    Path | None,
    typer.Option(
        "--sarif",
        metavar="FILE",
        help="Also write a SARIF 2.1.0 report.",
        autocompletion=completion_values.files,
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        metavar="FILE",
        help="Also write a JUnit XML report.",
        autocompletion=completion_values.files,
    ),
]
Gitlab = Annotated[
    Path | None,
    typer.Option(
        "--gitlab",
        metavar="FILE",
        help="Also write a GitLab Code Quality report.",
        autocompletion=completion_values.files,
    ),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- ARGS...",
        help="The arguments for the program that is run.",
        autocompletion=completion_values.files,
    ),
]


@dataclass(frozen=True)
class Common:
    """The common options as given; `about` is the fleet, or the target of one, that a command is about."""

    environment: str | None = None
    format: Format = Format.TEXT
    quiet: bool = False
    verbose: bool = False
    project: Path | None = None
    about: "FleetReference | None" = None


@dataclass(frozen=True)
class ReportFiles:
    """The files for reports beside the result; None where a report is not wanted."""

    sarif: Path | None = None
    junit: Path | None = None
    gitlab: Path | None = None


def seconds_of(typed: str | None, option: str = "--wait") -> float | None:
    """Return the seconds of a duration that `option` has. Raises BadParameter."""
    if typed is None:
        return None
    from dbmate_wrap.settings.durations import parse_duration

    try:
        return parse_duration(typed)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def bounds_of(to: str | None, phase: str | None) -> "Bounds":
    """Return the bounds that `--to` and `--phase` give. Raises BadParameter."""
    from dbmate_wrap.domain.history import Phase
    from dbmate_wrap.workspace.bounds import Bounds

    if phase == "after":
        message = "once the new code is out, `up` without --phase applies the rest"
        raise typer.BadParameter(message, param_hint="--phase")
    if phase not in (None, "before"):
        raise typer.BadParameter(f"{phase!r}: the only one is `before`", param_hint="--phase")
    return Bounds(to, Phase.BEFORE if phase else None)
