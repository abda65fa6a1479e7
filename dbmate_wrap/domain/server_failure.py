"""The error of a statement with all that the server says of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerFailure:
    """The fields of an error beside its message; None for each that it lacks."""

    sqlstate: str | None
    detail: str | None = None
    hint: str | None = None
    constraint: str | None = None
    table: str | None = None
    column: str | None = None

    @property
    def details(self) -> str | None:
        """The fields as psql names them, one a line; None where there is none."""
        fields = (
            ("DETAIL", self.detail),
            ("HINT", self.hint),
            ("CONSTRAINT", self.constraint),
            ("TABLE", self.table),
            ("COLUMN", self.column),
        )
        return "\n".join(f"{name}: {text}" for name, text in fields if text) or None
