"""What a server lacks, from the messages of PostgreSQL 15 and 18; and errors that are the migration's."""

import pytest

from dbmate_wrap.review.server_lacks import find_lack, portable_form


@pytest.mark.parametrize(
    ("sqlstate", "message", "lack"),
    [
        ("0A000", 'extension "postgis" is not available', "postgis"),
        ("58P01", 'could not open extension control file "x.control": No such file', "an extension"),
        (
            "22023",
            'extension "hstore" has no installation script nor update path for version "9.9"',
            "that version of hstore",
        ),
        (
            "22023",
            'extension "hstore" has no update path from version "1.8" to version "9.9"',
            "that version of hstore",
        ),
        ("08001", 'could not connect to server "r"', "a way to the server r"),
        ("08001", "could not establish connection", "a way to other servers"),
        ("2F003", "password is required", "a way to other servers"),
        ("2F003", "password or GSSAPI delegated credentials required", "a way to other servers"),
        ("0A000", "ICU is not supported in this build", "ICU"),
        ("0A000", "unsupported XML feature", "XML (libxml)"),
        ("0A000", "compression method lz4 not supported", "compression with lz4"),
        (
            "22023",
            'invalid value for parameter "default_toast_compression": "lz4"',
            "compression with lz4",
        ),
        ("22023", 'invalid value for parameter "wal_compression": "zstd"', "compression with zstd"),
        ("22023", 'invalid value for parameter "default_tablespace": "fast"', "the tablespace fast"),
        (
            "22023",
            'could not create locale "fr_FR.utf8": No such file or directory',
            "the locale fr_FR.utf8",
        ),
        ("42809", 'invalid LC_COLLATE locale name: "fr_FR.utf8"', "the locale fr_FR.utf8"),
        ("42809", 'invalid locale name: "fr_FR.utf8"', "the locale fr_FR.utf8"),
        ("42704", 'collation "fr_FR" for encoding "UTF8" does not exist', "the collation fr_FR"),
        ("42704", 'collation "de-x-icu" for encoding "UTF8" does not exist', "the collation de-x-icu"),
        ("42704", 'collation "en_US.utf8" for encoding "UTF8" does not exist', "the collation en_US.utf8"),
        ("42704", 'collation "pg_c_utf8" for encoding "UTF8" does not exist', "the collation pg_c_utf8"),
        ("42P17", "unrecognized collation provider: builtin", "collations of the provider builtin"),
        ("42704", 'role "app" does not exist', "the role app, which no migration before makes"),
        ("22023", 'role "app" does not exist', "the role app, which no migration before makes"),
        ("42704", 'language "plpython3u" does not exist', "the language plpython3u"),
        ("42704", 'tablespace "fast" does not exist', "the tablespace fast"),
        ("58P01", 'directory "/srv/fast" does not exist', "the directory /srv/fast"),
        ("42704", 'foreign-data wrapper "mysql_fdw" does not exist', "the foreign-data wrapper mysql_fdw"),
        ("42704", 'access method "columnar" does not exist', "the access method columnar"),
        ("3D000", 'database "crm" does not exist', "a database that is called crm"),
        (
            "58P01",
            'could not access file "$libdir/foo": No such file',
            "the library $libdir/foo",
        ),
        (
            "F0000",
            'could not open dictionary file "/usr/share/postgresql/15/tsearch_data/fr.dict": No such file',
            "the file fr.dict of text search",
        ),
        (
            "F0000",
            'could not open stop-word file "/usr/share/tsearch_data/french_x.stop": No such file',
            "the file french_x.stop of text search",
        ),
        (
            "55000",
            'pg_stat_statements must be loaded via "shared_preload_libraries"',
            "pg_stat_statements in shared_preload_libraries",
        ),
        (
            "55000",
            "pg_stat_statements must be loaded via shared_preload_libraries",
            "pg_stat_statements in shared_preload_libraries",
        ),
        (
            "XX000",
            "pg_cron can only be loaded via shared_preload_libraries",
            "pg_cron in shared_preload_libraries",
        ),
        (
            "0A000",
            'extension "timescaledb" must be preloaded',
            "timescaledb in shared_preload_libraries",
        ),
        ("55000", 'logical decoding requires "wal_level" >= "logical"', "wal_level = logical"),
        ("55000", "logical decoding requires wal_level >= logical", "wal_level = logical"),
        ("22023", "no security label providers have been loaded", "a provider of security labels"),
    ],
)
def test_what_a_server_lacks_is_told_from_its_own_message(sqlstate: str, message: str, lack: str) -> None:
    assert find_lack(sqlstate, message) == lack


@pytest.mark.parametrize(
    ("sqlstate", "message"),
    [
        ("42P01", 'relation "t" does not exist'),
        ("42704", 'type "geometry" does not exist'),
        ("42704", 'collation "case_insensitiv" for encoding "UTF8" does not exist'),
        ("22023", 'invalid value for parameter "work_mem": "lz4"'),
        ("42710", 'role "app" already exists'),
        ("P0001", 'role "app" does not exist'),
        ("3F000", 'schema "nope" does not exist'),
        (None, "ICU is not supported in this build"),
    ],
)
def test_what_is_wrong_with_the_migration_is_no_lack(sqlstate: str | None, message: str) -> None:
    assert find_lack(sqlstate, message) is None


def test_a_database_has_a_portable_name_and_a_role_can_be_made() -> None:
    assert "execute format('alter database %I set ...', current_database())" in (
        portable_form('database "crm" does not exist') or ""
    )
    assert "reaches no other one" in (portable_form('could not connect to server "r"') or "")
    assert "make app where it is missing" in (portable_form('role "app" does not exist') or "")
    assert portable_form("ICU is not supported in this build") is None
