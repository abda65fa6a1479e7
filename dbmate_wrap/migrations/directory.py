"""Lists the migrations folder: the files that dbmate would run, and those that it would skip silently."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.domain.migration import MigrationFile, checksum, version_of
from dbmate_wrap.errors import ConfigError

# Files that belong in such a folder and are not migrations; and the files that editors leave: 002_x.sql~,
# #002_x.sql#, .#002_x.sql (Emacs' lock, a dangling link).
_EXPECTED = frozenset({"README.md", "README"})
_OF_AN_EDITOR = re.compile(r".*~|#.*#|\.#.*", re.DOTALL)


@dataclass(frozen=True)
class Stray:
    """A name that dbmate would skip silently, or follow out of the folder; `rule` is the broken rule."""

    name: str
    rule: str
    reason: str
    hint: str


@dataclass(frozen=True)
class Listing:
    """The folder's migrations in dbmate's order (sorted by name), and its other files."""

    files: tuple[MigrationFile, ...]
    strays: tuple[Stray, ...]


def list_migrations(directory: Path) -> Listing:
    """Read every migration once; the bytes read here are the ones checked, staged and run.

    Raises ConfigError when the folder is missing or something in it cannot be read.
    """
    files: list[MigrationFile] = []
    strays: list[Stray] = []
    for entry in _entries(directory):
        version = version_of(entry.name)
        if version is not None and entry.is_file(follow_symlinks=False):
            content = _content(entry.path)
            files.append(MigrationFile(entry.name, version, checksum(content), content))
        elif stray := _stray(entry, version):
            strays.append(stray)
    return Listing(tuple(files), tuple(strays))


def _entries(directory: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(directory) as found:
            # Go sorts by bytes; names that are not UTF-8 would sort elsewhere as text.
            return sorted(found, key=lambda entry: os.fsencode(entry.name))
    except FileNotFoundError:
        message = f"the migrations folder {directory} does not exist"
        hint = "create the first migration with `dbmate-wrap new NAME`, or set migrations_dir"
    except NotADirectoryError:
        message, hint = f"{directory} is not a folder", "set migrations_dir to the folder of the migrations"
    except OSError as error:
        message = f"cannot read the migrations folder {directory}: {error.strerror}"
        hint = f"look at its permissions: ls -ld {directory}"
    raise ConfigError(message, hint=hint)


def _content(path: str) -> bytes:
    # A path as text and no buffer: measurable with a thousand files.
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}", hint=f"look at its permissions: ls -l {path}"
        ) from None


def _stray(entry: "os.DirEntry[str]", version: str | None) -> Stray | None:
    name = entry.name
    hidden = name.startswith(".") and not name.lower().endswith(".sql")
    rule = "file-name"
    if version is not None and entry.is_symlink():
        reason = "is a symbolic link: what it points to is neither reviewed nor sealed"
        hint = "put the file itself into the folder"
    elif version is not None and not entry.is_dir():
        reason, hint = "is not a regular file", "put a regular file there"
    elif version is None and (hidden or name in _EXPECTED or _OF_AN_EDITOR.fullmatch(name)):
        return None
    elif entry.is_dir():
        rule, hint = "ignored-file", "move it out of the folder"
        looks = "in which dbmate never looks" if version is None else "which dbmate skips in silence"
        reason = f"is a folder, {looks}"
    else:
        rule, reason = "ignored-file", "is skipped by dbmate in silence: a migration is named NNN_name.sql"
        hint = "rename it to NNN_name.sql, in lower case, or move it out of the folder"
    return Stray(name, rule, reason, hint)


def create_migration(path: Path, text: str) -> None:
    """Write a new file, and its folder where that is missing; never overwrites. Raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except (FileExistsError, NotADirectoryError):
        in_the_way = next((each for each in path.parents if each.is_file()), None)
        if in_the_way is None:
            raise ConfigError(f"{path} exists already", hint="choose another name") from None
        hint = "move it away, or set migrations_dir to the folder of the migrations"
        raise ConfigError(f"cannot write {path}: {in_the_way} is a file", hint=hint) from None
    except OSError as error:
        hint = f"look at the folder's permissions: ls -ld {path.parent}"
        raise ConfigError(f"cannot write {path}: {error.strerror}", hint=hint) from None


def rename_migration(folder: Path, name: str, new_name: str) -> None:
    """Give a file another name; never overwrites, also not what appeared a moment ago. Raises ConfigError.

    What a kill leaves are two names of one file, which `take_back_half_renames` knows.
    """
    old, new = folder / name, folder / new_name
    try:
        try:
            os.link(old, new, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links: looked for first, for a rename would overwrite.
            if os.path.lexists(new):
                raise FileExistsError from None
            os.rename(old, new)
        else:
            os.unlink(old)
    except FileExistsError:
        message = f"{new} exists already: {name} was not renamed"
        raise ConfigError(message, hint=f"look at both: ls -l {folder}") from None
    except OSError as error:
        hint = f"look at the folder's permissions: ls -ld {folder}"
        raise ConfigError(f"cannot rename {old} to {new_name}: {error.strerror}", hint=hint) from None


def take_back_half_renames(folder: Path) -> None:
    """Remove the second name of a file whose renaming was killed between its two steps."""
    slugs: dict[str, str] = {}
    for entry in _entries(folder):
        version = version_of(entry.name)
        if version is None or not entry.is_file(follow_symlinks=False):
            continue
        first = slugs.setdefault(entry.name.removeprefix(version), entry.name)
        if first != entry.name and os.path.samefile(folder / first, entry.path):
            _remove(entry.path)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as error:
        raise ConfigError(
            f"cannot remove {path}: {error.strerror}", hint=f"look at its permissions: ls -l {path}"
        ) from None
