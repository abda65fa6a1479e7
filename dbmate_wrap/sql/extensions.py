"""Finds the extensions that a text creates, in DO blocks too."""

import re
from collections.abc import Iterator

from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import pb
from dbmate_wrap.sql.parse import read_sql

_CREATES = re.compile(r"\bcreate\s+extension\b", re.IGNORECASE)


def created_extensions(text: str) -> Iterator[str]:
    """Yield the names of the extensions, in the order of the text. A text that cannot be read has none."""
    if not _CREATES.search(text):
        return
    for statement in read_sql(text, skip_long=True).statements:
        if _CREATES.search(statement.text):
            for part in nested_statements(statement):
                if isinstance(part.tree, pb.CreateExtensionStmt):
                    yield str(part.tree.extname)
