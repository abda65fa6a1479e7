"""Rule not-utf8: a migration is UTF-8 without a byte order mark and without NUL bytes."""

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(file: MigrationFile, path: str) -> str | Finding:
    """The file's text, or the finding where it has none; `path` is the file's as it is shown to people."""
    if file.content.startswith(_BYTE_ORDER_MARK):
        message = (
            f"{file.name} begins with a byte order mark, because of which dbmate does not see `-- migrate:up`"
        )
        return _finding(path, 1, message)
    nul = file.content.find(b"\0")
    try:
        if nul < 0:
            return file.content.decode("utf-8")
        offset, what = nul, "a NUL byte, which PostgreSQL cannot take"
    except UnicodeDecodeError as error:
        offset, what = error.start, f"byte 0x{file.content[error.start]:02x}, which is not UTF-8"
    line = file.content.count(b"\n", 0, offset) + 1
    return _finding(path, line, f"{file.name} has {what}, in line {line}")


def _finding(path: str, line: int, message: str) -> Finding:
    return Finding("not-utf8", "error", path, line, 1, message, "save it as UTF-8 without BOM")
