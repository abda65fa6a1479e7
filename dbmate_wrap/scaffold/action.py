"""What is done about one file of a scaffold, and how lines are appended to a file of somebody else."""

from dataclasses import dataclass, field, replace

from dbmate_wrap.domain.results import FileState
from dbmate_wrap.scaffold.folder import Files


@dataclass(frozen=True)
class FileAction:
    """What is done about one file.

    `content` are its new bytes, None where it stays as it is. `reason` says why it is left, `text` is what to
    add by hand then.
    """

    file: str
    state: FileState
    content: bytes | None = field(default=None, repr=False)
    reason: str | None = None
    text: str | None = None


def done(action: FileAction) -> FileAction:
    """Return the action of a file that has been written."""
    return replace(action, state="written" if action.state == "to be written" else "appended")


def is_there(file: str) -> FileAction:
    """Return the action for a file that has what it needs."""
    return FileAction(file, "is there")


def leave(file: str, reason: str, text: str) -> FileAction:
    """Return the action for a file that a person has to change: `text` is to be added."""
    return FileAction(file, "left as it is", reason=reason, text=text)


def write_whole(files: Files, file: str, text: str) -> FileAction:
    """Write a file where there is none; what is there already is left alone."""
    present = files.get(file)
    if present is None:
        return FileAction(file, "to be written", text.encode("utf-8"))
    return is_there(file) if present.obstacle is None else leave(file, present.obstacle, text)


def append_block(files: Files, file: str, block: str) -> FileAction:
    """Append a block to a file, or write a file of it where there is none."""
    present = files.get(file)
    if present is None or present.obstacle is not None:
        return write_whole(files, file, block)
    return FileAction(file, "to be appended", append_lines(present.content, block))


def append_lines(content: bytes, block: str) -> bytes:
    """Return the content with a block of whole lines after an empty one, in the line ends of the content."""
    crlf = 2 * content.count(b"\r\n") > content.count(b"\n")
    newline = b"\r\n" if crlf else b"\n"
    added = block.encode("utf-8").replace(b"\n", newline)
    if not content:
        return added
    ended = content if content.endswith(b"\n") else content + newline
    gap = b"" if ended.endswith(newline * 2) else newline
    return ended + gap + added
