"""Rule unsealed: a migration is in the lockfile before it is applied to a protected environment."""

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile


def unsealed(file: MigrationFile, path: str, *, protected: bool) -> Finding:
    """The finding for a file without a line; an error in a protected environment, else a warning."""
    message = f"{file.name} is not in the lockfile"
    hint = "review it, then run `dbmate-wrap seal` and commit the lockfile"
    return Finding("unsealed", "error" if protected else "warning", path, 1, 1, message, hint)
