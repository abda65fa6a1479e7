"""Chooses the numbers of new migrations: which versions come next, and which files get others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.migration import MigrationFile, is_sequential, is_time
from dbmate_wrap.errors import ConfigError


@dataclass(frozen=True)
class Renumbered:
    """A file, and the name that it gets; the same one where it keeps its number."""

    file: MigrationFile
    new_name: str

    @property
    def version(self) -> str:
        """The new version."""
        return self.new_name.removesuffix(name_after_version(self.file))

    @property
    def is_changed(self) -> bool:
        """True where it gets another number."""
        return self.new_name != self.file.name


@dataclass(frozen=True)
class RenamedFile:
    """One migration with another number: its former name, and the one that it has now."""

    former: str
    file: str


@dataclass(frozen=True)
class RenumberResult:
    """`renumber`: the files with other numbers, in order, and those that were rolled back before."""

    renumbered: tuple[RenamedFile, ...]
    rolled_back: tuple[str, ...]


def name_after_version(file: MigrationFile) -> str:
    """Return the rest of the file's name after its version."""
    return file.name.removeprefix(file.version)


def next_versions(
    present: Sequence[MigrationFile], number: int, *, sequential: bool, now: str
) -> tuple[str, ...]:
    """Return the next `number` versions after all that are present; `now` is the time as a version.

    Raises ConfigError where dbmate, which orders the texts of names, would run one of them before the newest.
    """
    found: list[str] = []
    newest = max(present, key=lambda file: int(file.version), default=None)
    last, last_name = (newest.version, newest.name) if newest is not None else ("", "")
    for _ in range(number):
        if not last:
            version = "001" if sequential else now
        else:
            following = str(int(last) + 1).zfill(len(last))
            by_number = sequential and not is_time(last)
            # Two made in one second, or a clock that was ahead: the next number is as good as a time.
            version = following if by_number else max(now, following, key=int)
        if f"{version}_" < last_name:
            raise ConfigError(
                f"dbmate orders by the text of the names, and {version}_ would run before {last_name}",
                hint="begin a new migrations_dir with a migrations_table of its own:"
                " see `dbmate-wrap explain adopt`",
            )
        found.append(version)
        last, last_name = version, f"{version}_"
    return tuple(found)


def first_to_renumber(files: Sequence[MigrationFile], new: Collection[str]) -> MigrationFile | None:
    """Return the first new file that does not come after all merged ones; None where all do."""
    last = max((int(file.version) for file in files if file.name not in new), default=-1)
    return next((file for file in files if file.name in new and int(file.version) <= last), None)


def plan_renumbering(
    files: Sequence[MigrationFile],
    new: Collection[str],
    wanted: MigrationFile,
    *,
    every_new: bool,
    numbering: str,
    now: str,
) -> tuple[Renumbered, ...]:
    """Return the files that get the next numbers, in their order: the wanted one, and the new ones after it.

    A new one that comes before it and does not come after all merged ones is among them, with those after it.
    Another new file that has the wanted one's number keeps it. `every_new` renumbers all new ones.
    """
    overtaken = first_to_renumber(files, new)
    start = min(int(each.version) for each in (wanted, overtaken) if each is not None)
    merged_end = max((int(file.version) for file in files if file.name not in new), default=-1)

    def moves(file: MigrationFile) -> bool:
        number = int(file.version)
        if file == wanted:
            return True
        return file.name in new and (every_new or number > start or number <= merged_end)

    moving = [file for file in files if moves(file)]
    kept = [file for file in files if file not in moving]
    if not kept:
        return tuple(Renumbered(file, file.name) for file in moving)
    sequential = is_sequential(numbering, [file.version for file in kept])
    if not sequential or is_time(max(kept, key=lambda file: int(file.version)).version):
        # A time that comes after all that stays is as good as a later one.
        times, last = [int(file.version) for file in moving], max(int(file.version) for file in kept)
        if min(times) > last and len({*times}) == len(times):
            return tuple(Renumbered(file, file.name) for file in moving)
    versions = next_versions(kept, len(moving), sequential=sequential, now=now)
    return tuple(
        Renumbered(file, version + name_after_version(file))
        for file, version in zip(moving, versions, strict=True)
    )


def in_order_of_renaming(renamed: Sequence[Renumbered]) -> tuple[Renumbered, ...]:
    """Return the files so that each gets a name that none of those after it has any more."""
    left, ordered = list(renamed), list[Renumbered]()
    while left:
        names = {each.file.name for each in left}
        # They keep their order, so two of them never wait for each other.
        free = [each for each in left if each.new_name not in names]
        ordered += free
        left = [each for each in left if each not in free]
    return tuple(ordered)
