"""The options of the fleet commands, and what they mean."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.target_option import bad_parameter

if TYPE_CHECKING:
    from dbmate_wrap.domain.failure_limit import FailureLimit
    from dbmate_wrap.domain.fleet import Shard, TargetSelection

FleetName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="The fleet (default: the only one there is).",
        autocompletion=completion_values.fleets,
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="LABEL=VALUE", help="Only databases with this label; all of several."),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Only part I of N; auto, or auto/N: the part that the engine names (a matrix, an indexed job).",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, max=1000, help="How many databases at once (default: 8)."),
]
PerServer = Annotated[
    int | None,
    typer.Option(
        "--per-server",
        metavar="N",
        min=1,
        max=1000,
        help="How many at once on one host and port (default: 8).",
    ),
]
MaxFailures = Annotated[
    str | None,
    typer.Option("--max-failures", metavar="N|P%", help="Begin no further database after more failures."),
]
TargetDeadline = Annotated[
    str | None,
    typer.Option("--target-deadline", metavar="DURATION", help="How long one database may take: 30m."),
]
Wave = Annotated[
    str | None,
    typer.Option(
        "--wave",
        metavar="canary",
        help="Only the databases that go before the rest.",
        autocompletion=completion_values.waves,
    ),
]


def selection_of(
    where: Sequence[str] | None, shard: str | None, wave: str | None = None
) -> "TargetSelection":
    """Return which targets are meant; those of a wave have its label. Raises BadParameter."""
    from dbmate_wrap.domain.fleet import CANARY, WAVE, TargetSelection

    if wave not in (None, CANARY):
        raise typer.BadParameter(f"{wave!r}: the only one is `{CANARY}`", param_hint="--wave")
    of_wave = [f"{WAVE}={wave}"] if wave is not None else []
    return TargetSelection(labels_of([*(where or ()), *of_wave]), shard_of(shard))


def labels_of(where: Sequence[str]) -> Mapping[str, str]:
    """Return the labels of `--where` with their values. Raises BadParameter."""
    labels: dict[str, str] = {}
    for text in where:
        label, equals, value = text.partition("=")
        if not (label and equals and value):
            raise typer.BadParameter("it must be LABEL=VALUE, as in region=eu", param_hint="--where")
        if labels.setdefault(label, value) != value:
            message = f"{label} is wanted twice, and no target has a label with two values"
            raise typer.BadParameter(message, param_hint="--where")
    return labels


def shard_of(text: str | None) -> "Shard | None":
    """Return the shard of `--shard`, or of the engine's variables; None without. Raises BadParameter."""
    if text is None:
        return None
    from dbmate_wrap.domain.shard_variables import SHARD_VARIABLES, read_shard
    from dbmate_wrap.errors import UsageError
    from dbmate_wrap.process import inherited

    try:
        return read_shard(text, inherited(SHARD_VARIABLES))
    except UsageError as error:
        raise bad_parameter(error, "--shard") from None


def failure_limit_of(text: str | None) -> "FailureLimit | None":
    """Return the limit of `--max-failures`; None without. Raises BadParameter."""
    if text is None:
        return None
    from dbmate_wrap.domain.failure_limit import parse_failure_limit

    try:
        return parse_failure_limit(text)
    except ValueError as error:
        raise bad_parameter(error, "--max-failures") from None


def deadline_of(text: str | None) -> float | None:
    """Return the seconds of `--target-deadline`; None without. Raises BadParameter."""
    if text is None:
        return None
    from dbmate_wrap.settings.fleets import parse_deadline

    try:
        return parse_deadline(text)
    except ValueError as error:
        raise bad_parameter(error, "--target-deadline") from None
