"""Remembers in files what was seen of a history, so that neither pg_dump nor a round trip is repeated."""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.errors import ConfigError

# A picture of a thousand tables is a megabyte.
_MOST = 20
_PROOFS = 5000
_OLD_SECONDS = 30 * 86400.0
_PROVEN = "round-trips"
# No one else's: the folder may be a link to where others keep theirs.
_SUFFIX = ".dbmate-wrap-picture.json"


@dataclass(frozen=True)
class SchemaDump:
    """A state of the schema: pg_dump's text, and the statement that records its versions ("" for none)."""

    schema: str
    history: str


@dataclass(frozen=True)
class ReplayCache:
    """What is known of states, by their keys; `stamp` stands for what else a picture depends on.

    That is the program that took it and the kind of server. What cannot be read or written is not known:
    nothing here raises.
    """

    folder: Path
    stamp: str

    def picture(self, key: str) -> SchemaDump | None:
        """The state of `key` as it was seen, if it was."""
        path = self._path(key)
        try:
            known = json.loads(path.read_text("utf-8"))
            picture = SchemaDump(str(known["schema"]), str(known["history"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # Where another account has written it, it grows old.
        return picture

    def remember(self, key: str, picture: SchemaDump) -> None:
        """Keep a picture; the least recently used of many are forgotten."""
        content = json.dumps({"schema": picture.schema, "history": picture.history})
        with contextlib.suppress(ConfigError, OSError):
            write_by_rename(self._path(key), content.encode())
            self._sweep()

    def proven(self) -> frozenset[str]:
        """The keys whose last migration was undone and applied again, and left the schema as it was."""
        try:
            lines = (self.folder / _PROVEN).read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return frozenset()
        return frozenset(
            key for key, _, stamp in (line.partition(" ") for line in lines) if stamp == self.stamp
        )

    def prove(self, keys: Iterable[str]) -> None:
        """Remember round trips. Of two runs at once one may forget the other's: it is done once more."""
        path = self.folder / _PROVEN
        with contextlib.suppress(ConfigError, OSError, ValueError):
            known = path.read_text("utf-8").splitlines() if path.exists() else []
            lines = dict.fromkeys([*known, *(f"{key} {self.stamp}" for key in keys)])
            write_by_rename(path, "".join(f"{line}\n" for line in list(lines)[-_PROOFS:]).encode())

    def _path(self, key: str) -> Path:
        return self.folder / f"{re.sub('[^A-Za-z0-9]', '-', key)}.{self.stamp}{_SUFFIX}"

    def _sweep(self) -> None:
        kept = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for place, path in enumerate(kept):
            if place >= _MOST or time.time() - path.stat().st_mtime > _OLD_SECONDS:
                path.unlink(missing_ok=True)
