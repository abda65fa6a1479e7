"""A warning that the server gave while a migration was replayed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerWarning:
    """The server's words; `line` counts from 1 in the migration's file, None where it cannot be told."""

    line: int | None
    message: str
