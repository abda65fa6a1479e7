"""Reads a small text file strictly: UTF-8, no byte order mark, no NUL."""

from pathlib import Path

from dbmate_wrap.errors import Fault

# Settings files are smaller; a device such as /dev/zero is not.
_LARGEST = 1 << 20


def read_text(path: Path, name: str, faults: list[Fault]) -> str | None:
    """Return the text of a file, None where it does not exist or has a fault; messages call it `name`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        faults.append(Fault(f"cannot be read: {error.strerror}", name))
        return None
    return _decoded(data, name, faults)


def _decoded(data: bytes, name: str, faults: list[Fault]) -> str | None:
    if len(data) > _LARGEST:
        faults.append(Fault("is larger than 1 MiB, so it is not a settings file", name))
    elif data.startswith(b"\xef\xbb\xbf"):
        faults.append(Fault("begins with a byte order mark", name, hint="save it as UTF-8 without BOM"))
    elif b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        faults.append(Fault("has a NUL character", f"{name} line {line}", hint="save it as UTF-8 text"))
    else:
        return _utf8(data, name, faults)
    return None


def _utf8(data: bytes, name: str, faults: list[Fault]) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    faults.append(Fault("is not UTF-8 text", f"{name} line {line}", hint="save it as UTF-8"))
    return None
