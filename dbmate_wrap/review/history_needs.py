"""Reads what a history needs of a server: extensions, ICU, and roles that nothing in it makes."""

import re
from hashlib import sha256
from pathlib import Path

from dbmate_wrap import sql
from dbmate_wrap.domain.history_needs import HistoryNeeds
from dbmate_wrap.review.shadow_setup import SetupFile
from dbmate_wrap.shadow.cache import ReplayCache
from dbmate_wrap.workspace.project_files import ProjectFiles

# Increased where the same files are read in another way than before.
_FORMAT = "1"
# What needs an extension, ICU or a role has one of these, and so has much that needs none. The server waits
# for this answer, and the parser takes 50 ms to load.
_MAY_NEED = re.compile(r"extension|icu|grant|revoke|policy|own|role|authorization|user|group", re.IGNORECASE)


def read_needs(files: ProjectFiles, setup: SetupFile | None, cache_dir: Path) -> HistoryNeeds:
    """Return what all migrate:up need, and the setup that is run before; known bytes are not read again."""
    known = ReplayCache(cache_dir, _FORMAT).load_needs(_digest(files, setup))
    return known or _read(files, setup)


def record_needs(needs: HistoryNeeds, files: ProjectFiles, setup: SetupFile | None, cache_dir: Path) -> None:
    """Keep them for the next check of these bytes: a long baseline takes some time to be read."""
    ReplayCache(cache_dir, _FORMAT).record_needs(_digest(files, setup), needs)


def _read(files: ProjectFiles, setup: SetupFile | None) -> HistoryNeeds:
    texts = [part.up.sql for migration in files.parsed for part in migration.sections]
    if setup is not None:
        texts.insert(0, setup.text)
    if not any(map(_MAY_NEED.search, texts)) or not sql.is_available():
        return HistoryNeeds()
    from dbmate_wrap.postgres.shadow import OWN_ROLES
    from dbmate_wrap.sql.collations import uses_icu
    from dbmate_wrap.sql.extensions import created_extensions
    from dbmate_wrap.sql.roles import roles_nobody_makes

    extensions = frozenset(name for text in texts for name in created_extensions(text))
    return HistoryNeeds(extensions, roles_nobody_makes(texts) - OWN_ROLES, any(map(uses_icu, texts)))


def _digest(files: ProjectFiles, setup: SetupFile | None) -> str:
    digest = sha256((setup.text if setup else "").encode())
    for migration in files.parsed:
        digest.update(f"\0{migration.file.name} {migration.file.checksum}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
