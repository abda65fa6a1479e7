"""Reads the schema file, and says whether it is what the migrations make."""

from pathlib import Path

from dbmate_wrap.domain.schema_text import schema_text
from dbmate_wrap.shadow.cache import SchemaDump


def read_schema_file(path: Path) -> str | None:
    """Return the text of the schema file; None where there is none that can be read."""
    try:
        # A checkout may have changed the line endings.
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return None


def is_up_to_date(path: Path, dump: SchemaDump) -> bool:
    """Return True where the schema file's text is that of the dump; a project without the file needs none."""
    found = read_schema_file(path)
    return found is None or found == schema_text(dump.schema, dump.history)
