"""The options that commands share."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How the result is written to stdout."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    MARKDOWN = "markdown"


Env = Annotated[
    str | None,
    typer.Option("--env", "-e", metavar="NAME", help="The environment (default: dev).", show_default=False),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="How the result is written to stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more about what is done.")]
ProjectDir = Annotated[
    Path | None,
    typer.Option(
        "--project",
        "-C",
        metavar="DIR",
        help="The project's folder (default: found upwards).",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm a protected environment without being asked.")]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="VERSION", help="Stop after this version.", show_default=False),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait", metavar="DURATION", help="How long the server may take to start: 60s.", show_default=False
    ),
]
Sarif = Annotated[
    Path | None,
    typer.Option("--sarif", metavar="FILE", help="Also write a SARIF 2.1.0 report.", show_default=False),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML report.", show_default=False),
]
Gitlab = Annotated[
    Path | None,
    typer.Option(
        "--gitlab", metavar="FILE", help="Also write a GitLab Code Quality report.", show_default=False
    ),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- ARGS...", help="The arguments for the program that is run.", show_default=False
    ),
]


@dataclass(frozen=True)
class Common:
    """The shared options as given."""

    environment: str | None = None
    format: Format = Format.TEXT
    quiet: bool = False
    verbose: bool = False
    project: Path | None = None


@dataclass(frozen=True)
class ReportFiles:
    """Where reports are written beside the result; None is not wanted."""

    sarif: Path | None = None
    junit: Path | None = None
    gitlab: Path | None = None
