"""Databases that are dumped and restored."""

import subprocess

from tests.support.servers import Database


def restore(source: Database, target: Database) -> None:
    """pg_dump | psql: everything, the schema dbmate_wrap too."""
    programs = source.server.bin_dir
    dump = [str(programs / "pg_dump"), "--dbname", source.url]
    dumped = subprocess.run(dump, check=True, capture_output=True, timeout=60).stdout
    # A setting that PostgreSQL 17 brought.
    dumped = dumped.replace(b"SET transaction_timeout = 0;\n", b"")
    subprocess.run(
        [str(programs / "psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", target.url],
        input=dumped,
        check=True,
        capture_output=True,
        timeout=60,
    )
