"""New data directories that are copies of one that initdb has made, which takes a tenth of its time."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from dbmate_wrap.cluster import data_directory
from dbmate_wrap.cluster.account import Account, run_as
from dbmate_wrap.process import Completed

# From the program, its options and its account to what it made, for this process of pytest.
_MADE: dict[tuple[object, ...], Path] = {}


@contextmanager
def copied_data_directories() -> Iterator[None]:
    """While this lasts, `create_data_directory` copies what the same initdb has made before.

    Servers of such data have one system identifier: not for tests that tell servers by it.
    """
    with patch.object(data_directory, "run_as", _copy):
        yield


def _copy(account: Account, argv: Sequence[str], *, timeout: float) -> Completed:
    program, option, new, *others = argv
    assert option == "-D"
    key = (program, *others, account)
    if key not in _MADE:
        done = run_as(account, argv, timeout=timeout)
        if done.returncode == 0:
            _MADE[key] = Path(tempfile.mkdtemp(prefix="dbmate-wrap-test-", dir="/tmp"))
            _copy_tree(Path(new), _MADE[key] / "data")
        return done
    _copy_tree(_MADE[key] / "data", Path(new))
    return Completed(tuple(argv), 0, "", "", timed_out=False)


def _copy_tree(source: Path, target: Path) -> None:
    # shutil keeps no owner.
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def remove_made_data_directories() -> None:
    """Remove what was kept for copies."""
    for folder in _MADE.values():
        shutil.rmtree(folder)
    _MADE.clear()
