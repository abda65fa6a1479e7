"""Which fleet a command line means, and which target of it."""

from dataclasses import dataclass

from dbmate_wrap.errors import UsageError

PREFIX = "fleet:"


@dataclass(frozen=True)
class FleetReference:
    """`fleet` is None for the only one there is, `target` is None where the whole fleet is meant."""

    fleet: str | None
    target: str | None = None


def read_reference(environment: str | None) -> FleetReference | None:
    """Return what ``-e fleet:NAME/TARGET`` means; None for the name of an environment. Raises UsageError."""
    if environment is None or not environment.startswith(PREFIX):
        return None
    fleet, _, target = environment.removeprefix(PREFIX).partition("/")
    if not fleet or not target:
        raise UsageError("it names no target of a fleet", hint="write -e fleet:NAME/TARGET")
    return FleetReference(fleet, target)
