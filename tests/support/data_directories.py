"""New data directories that are copies of one that initdb has made, which takes a tenth of its time."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from dbmate_wrap.cluster import data_directory
from dbmate_wrap.cluster.account import Account, run_as
from dbmate_wrap.process import Completed

# Found at once: a command in a test may have another PATH.
_CP = shutil.which("cp") or "cp"
# Since PostgreSQL 15; before, its folder has another name and is copied like all others.
_TEMPLATE0 = "4"


@dataclass(frozen=True)
class DataDirectories:
    """What initdb made, in `folder`: by the program, its options and its account.

    Servers of such data have one system identifier: not for tests that tell servers by it.
    """

    folder: Path

    @contextmanager
    def copied(self) -> Iterator[None]:
        """While this lasts, `create_data_directory` copies what the same initdb has made before."""
        with patch.object(data_directory, "run_as", self._copy):
            yield

    def _copy(self, account: Account, argv: Sequence[str], *, timeout: float) -> Completed:
        program, option, new, *others = argv
        assert option == "-D"
        made = self.folder / sha256(repr((program, others, account)).encode()).hexdigest()[:16]
        if made.is_dir():
            _copy_made(made, Path(new))
            return Completed(tuple(argv), 0, "", "", timed_out=False)
        done = run_as(account, argv, timeout=timeout)
        if done.returncode == 0:
            unfinished = Path(tempfile.mkdtemp(dir=self.folder))
            _copy_tree(Path(new), unfinished / "data")
            with suppress(FileNotFoundError):
                (unfinished / "data" / "base" / _TEMPLATE0).rename(unfinished / "template0")
            try:
                unfinished.rename(made)
            except OSError:  # Another process was first.
                shutil.rmtree(unfinished)
        return done


def make_data_directories() -> DataDirectories:
    """Return a new folder for them, which the caller removes."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-test-", dir="/tmp"))
    folder.chmod(0o711)
    return DataDirectories(folder)


@cache
def _of_this_process() -> DataDirectories:
    return make_data_directories()


@contextmanager
def copied_data_directories() -> Iterator[None]:
    """Copy them while this lasts, in this process of pytest."""
    with _of_this_process().copied():
        yield


def remove_made_data_directories() -> None:
    """Remove what was kept for copies."""
    if _of_this_process.cache_info().currsize:
        shutil.rmtree(_of_this_process().folder)
        _of_this_process.cache_clear()


def _copy_made(made: Path, new: Path) -> None:
    """Copy all but template0, to whose files PostgreSQL never writes: links to them are enough."""
    _copy_tree(made / "data", new)
    if (made / "template0").is_dir():
        links = ["--link"] if made.stat().st_dev == new.stat().st_dev else []
        _copy_tree(made / "template0", new / "base" / _TEMPLATE0, *links)


def _copy_tree(source: Path, target: Path, *options: str) -> None:
    # shutil keeps no owner.
    subprocess.run([_CP, "-a", *options, str(source), str(target)], check=True)
