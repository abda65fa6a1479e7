"""Reads a small text file strictly: UTF-8, no byte order mark, no NUL."""

from pathlib import Path

from dbmate_wrap.errors import Fault

# Settings files are smaller; a device such as /dev/zero is not.
_LARGEST = 1 << 20


def read_text(path: Path, name: str, faults: list[Fault], *, largest: int = _LARGEST) -> str | None:
    """Return the text of a file, None where it does not exist or has a fault; messages call it `name`.

    One of more than `largest` bytes is a fault.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(largest + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        faults.append(Fault(f"cannot be read: {error.strerror}", name))
        return None
    fault = _fault(data, name, largest)
    if fault is None:
        return data.decode()
    faults.append(fault)
    return None


def _fault(data: bytes, name: str, largest: int) -> Fault | None:
    if len(data) > largest:
        kind = "settings file" if largest == _LARGEST else "list"
        return Fault(f"is larger than {largest >> 20} MiB, so it is not a {kind}", name)
    if data.startswith(b"\xef\xbb\xbf"):
        return Fault("begins with a byte order mark", name, hint="save it as UTF-8 without BOM")
    before, nul, _ = data.partition(b"\0")
    if nul:
        line = before.count(b"\n") + 1
        return Fault("has a NUL character", f"{name} line {line}", hint="save it as UTF-8 text")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return Fault("is not UTF-8 text", f"{name} line {line}", hint="save it as UTF-8")
    return None
