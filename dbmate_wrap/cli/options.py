"""The options of the commands; the common ones are taken before a command as well as after it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """The format of the result on stdout."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    MARKDOWN = "markdown"


Env = Annotated[
    str | None, typer.Option("--env", "-e", metavar="NAME", help="The environment (default: dev).")
]
OutputFormat = Annotated[
    Format | None, typer.Option("--format", help="The format of the result on stdout (default: text).")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show more of what is done.")]
ProjectDir = Annotated[
    Path | None,
    typer.Option("--project", "-C", metavar="DIR", help="The project's folder (default: found upwards)."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm a protected environment without being asked.")]
To = Annotated[str | None, typer.Option("--to", metavar="VERSION", help="Stop after this version.")]
Wait = Annotated[
    str | None,
    typer.Option("--wait", metavar="DURATION", help="Wait this long for a server that starts: 60s."),
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
    Path | None, typer.Option("--sarif", metavar="FILE", help="Also write a SARIF 2.1.0 report.")
]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML report.")]
Gitlab = Annotated[
    Path | None, typer.Option("--gitlab", metavar="FILE", help="Also write a GitLab Code Quality report.")
]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="-- ARGS...", help="The arguments for the program that is run.")
]


@dataclass(frozen=True)
class Common:
    """The common options as given."""

    environment: str | None = None
    format: Format = Format.TEXT
    quiet: bool = False
    verbose: bool = False
    project: Path | None = None


@dataclass(frozen=True)
class ReportFiles:
    """The files for reports beside the result; None where a report is not wanted."""

    sarif: Path | None = None
    junit: Path | None = None
    gitlab: Path | None = None
