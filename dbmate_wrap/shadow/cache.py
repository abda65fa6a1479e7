"""The keys of histories, and signed cache files by them of dumps, round trips and warnings."""

import contextlib
import json
import os
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.domain.history_needs import HistoryNeeds
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.server_warning import ServerWarning
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.shadow.signature import is_signed, read_signed, read_signing_key, sign, write_signed

# Part of every key: increased when this program makes another database of the same files than before.
_FORMAT = 1
# The dump of a thousand tables is a megabyte.
_MOST_DUMPS = 20
_MOST_ROUND_TRIPS = 5000
_OLD_SECONDS = 30 * 86400.0
_ROUND_TRIPS_FILE = "round-trips"
_SAME_TEXTS_FILE = "same-texts"
_MOST_SAME_TEXTS = 20_000
_MOST_WARNED = 500
_WARNINGS_FILE = "server-warnings"
_NEEDS_FILE = "needs"
# A suffix that nobody else uses: the folder may be a link to where others keep their files.
_SUFFIX = ".dbmate-wrap-picture.json"


def history_keys(
    files: Sequence[MigrationFile],
    *,
    major: int,
    pin: str,
    migrations_table: str,
    setup: str = "",
    roles: Collection[str] = (),
) -> tuple[str, ...]:
    """Return for each file 64 hex digits that identify the history from the first file to this one.

    Two histories with one key make the same database: key n is the SHA-256 of key n-1, the name and the
    content, each after its length. The first key starts from all else that matters (`pin`: dbmate's version;
    `setup`: the SQL that is run before the first file; `roles`: those that are made for the whole history).
    """
    matters = [str(_FORMAT), str(major), pin, migrations_table, *([setup] if setup else [])]
    matters += [f"role {name}" for name in sorted(roles)]
    return chain_keys(matters, files)


def chain_keys(matters: Iterable[str], files: Sequence[MigrationFile]) -> tuple[str, ...]:
    """Return for each file 64 hex digits that identify `matters`, the files before it, and itself."""
    last = _digest(b"", *(text.encode() for text in matters))
    found = []
    for file in files:
        last = _digest(last, file.name.encode("utf-8", "surrogateescape"), file.content)
        found.append(last.hex())
    return tuple(found)


def _digest(*parts: bytes) -> bytes:
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


@dataclass(frozen=True)
class SchemaDump:
    """pg_dump's text of a schema, and the statement that records its versions ("" for none).

    `facts` is what pg_dump leaves out, by name; None where nobody has read it.
    """

    schema: str
    history: str
    facts: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ReplayCache:
    """Dumps, passed round trips and the server's warnings by the keys of their histories.

    `stamp` stands for all else that a dump depends on: the program that wrote it and the kind of server.
    Nothing here raises: a file that cannot be read or written, or is not signed by us, counts as missing.
    """

    folder: Path
    stamp: str
    _recording: Lock = field(default_factory=Lock, repr=False, compare=False)

    def load_dump(self, key: str) -> SchemaDump | None:
        """Return the dump of the history `key`, None if there is none."""
        path, secret = self._path(key), read_signing_key(self.folder, make=False)
        try:
            content = json.loads(path.read_text("utf-8"))
            dump = SchemaDump(str(content["schema"]), str(content["history"]), content.get("facts"))
            found = str(content["signature"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if secret is None or not is_signed(secret, self._parts(key, dump), found):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # Fails for a file of another account: that one grows old.
        return dump

    def save_dump(self, key: str, dump: SchemaDump) -> None:
        """Save a dump; of too many the least recently used are removed."""
        secret = read_signing_key(self.folder, make=True)
        if secret is None:
            return
        signature = sign(secret, self._parts(key, dump))
        content = json.dumps(asdict(dump) | {"signature": signature})
        with contextlib.suppress(ConfigError, OSError):
            write_by_rename(self._path(key), content.encode())
            self._remove_old()

    def passed_round_trips(self) -> frozenset[str]:
        """Return the keys whose last migration was undone and applied again with the same schema."""
        lines = read_signed(self.folder / _ROUND_TRIPS_FILE).splitlines()
        return frozenset(
            key for key, _, stamp in (line.partition(" ") for line in lines) if stamp == self.stamp
        )

    def record_round_trips(self, keys: Iterable[str]) -> None:
        """Record passed round trips. Two runs at once may lose a record: that round trip is run again."""
        with self._recording:
            recorded = read_signed(self.folder / _ROUND_TRIPS_FILE).splitlines()
            lines = dict.fromkeys([*recorded, *(f"{key} {self.stamp}" for key in keys)])
            text = "".join(f"{line}\n" for line in list(lines)[-_MOST_ROUND_TRIPS:])
            write_signed(self.folder / _ROUND_TRIPS_FILE, text)

    def load_warnings(self, keys: Iterable[str]) -> Mapping[str, tuple[ServerWarning, ...]]:
        """Return the warnings that the last migration of a history was given, by the key of that history."""
        recorded = self._read_warnings()
        found = ((key, recorded.get(f"{key} {self.stamp}")) for key in keys)
        return {key: each for key, each in found if each}

    def record_warnings(self, found: Mapping[str, Sequence[ServerWarning]]) -> None:
        """Record the warnings of these histories; those of which there are none now are forgotten."""
        recorded = self._read_warnings()
        kept = dict(recorded)
        for key, warnings in found.items():
            kept.pop(f"{key} {self.stamp}", None)
            if warnings:
                kept[f"{key} {self.stamp}"] = tuple(warnings)
        if kept == recorded:
            return
        content = {key: [[each.line, each.message] for each in kept[key]] for key in [*kept][-_MOST_WARNED:]}
        write_signed(self.folder / _WARNINGS_FILE, json.dumps(content))

    def load_needs(self, key: str) -> HistoryNeeds | None:
        """Return what the history `key` needs of a server; None where that was not recorded."""
        try:
            found = json.loads(read_signed(self.folder / _NEEDS_FILE))
            if found["key"] != f"{key} {self.stamp}":
                return None
            extensions, roles = (frozenset(map(str, found[name])) for name in ("extensions", "roles"))
            return HistoryNeeds(extensions, roles, found["icu"] is True)
        except (ValueError, KeyError, TypeError):
            return None

    def record_needs(self, key: str, needs: HistoryNeeds) -> None:
        """Record what the history `key` needs of a server; only the last one is kept."""
        if self.load_needs(key) == needs:
            return
        lists = {"extensions": sorted(needs.extensions), "roles": sorted(needs.roles)}
        text = json.dumps({"key": f"{key} {self.stamp}", **lists, "icu": needs.icu})
        write_signed(self.folder / _NEEDS_FILE, text)

    def same_texts(self) -> frozenset[str]:
        """Return the digests of pairs of texts that were seen to make one object."""
        text = read_signed(self.folder / _SAME_TEXTS_FILE)
        return frozenset(
            line.partition(" ")[0] for line in text.splitlines() if line.endswith(f" {self.stamp}")
        )

    def record_same_texts(self, digests: Iterable[str]) -> None:
        """Record such pairs; of too many the oldest are forgotten."""
        recorded = read_signed(self.folder / _SAME_TEXTS_FILE).splitlines()
        lines = dict.fromkeys([*recorded, *(f"{each} {self.stamp}" for each in digests)])
        write_signed(
            self.folder / _SAME_TEXTS_FILE,
            "".join(f"{each}\n" for each in [*lines][-_MOST_SAME_TEXTS:]),
        )

    def _read_warnings(self) -> dict[str, tuple[ServerWarning, ...]]:
        text = read_signed(self.folder / _WARNINGS_FILE)
        try:
            content = json.loads(text) if text else {}
            return {
                str(key): tuple(
                    ServerWarning(None if line is None else int(line), str(message)) for line, message in each
                )
                for key, each in content.items()
            }
        except (ValueError, TypeError, AttributeError):
            return {}

    def _parts(self, key: str, dump: SchemaDump) -> tuple[str, ...]:
        facts = () if dump.facts is None else (json.dumps(dump.facts, sort_keys=True),)
        return (key, self.stamp, dump.schema, dump.history, *facts)

    def _path(self, key: str) -> Path:
        return self.folder / f"{re.sub('[^A-Za-z0-9]', '-', key)}.{self.stamp}{_SUFFIX}"

    def _remove_old(self) -> None:
        newest = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for index, path in enumerate(newest):
            if index >= _MOST_DUMPS or time.time() - path.stat().st_mtime > _OLD_SECONDS:
                path.unlink(missing_ok=True)
