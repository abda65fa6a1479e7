"""Tells what the server lacks, beforehand or from its error: then the migration may well be right."""

import re
from collections.abc import Mapping, Sequence

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.sql.requirements import requirements_of
from dbmate_wrap.workspace.server_choice import Wanted

# Names that an operating system or ICU gives; any other collation is one that a migration should have made.
_LOCALE = r"[a-z]{2,3}_[A-Z]{2}[\w.@-]*|C\.[\w-]+|[\w-]+-x-icu|pg_\w+|unicode|und"
# No server of ours has that, whatever its programs are.
A_WAY = "a way to"
_EXTENSION = re.compile(r'extension "([^"]+)" is not available')
_ICU = re.compile(r"\bICU\b|-x-icu|provider icu")
# SQLSTATEs, a pattern of the message, and what is lacking; `{}` stands for the pattern's first group.
_LACKS = (
    ("0A000 58P01", r'extension "([^"]+)" is not available', "{}"),
    ("0A000 58P01", r"extension control file", "an extension"),
    ("22023", r'extension "([^"]+)" has no (?:installation script|update path)', "that version of {}"),
    ("08001", r'could not connect to server "([^"]+)"', f"{A_WAY} the server {{}}"),
    # dblink's, of which the second is for who is no superuser.
    ("08001", r"could not establish connection", f"{A_WAY} other servers"),
    ("2F003", r"password .*required", f"{A_WAY} other servers"),
    ("0A000", r"ICU is not supported", "ICU"),
    ("0A000", r"unsupported XML feature", "XML (libxml)"),
    ("0A000", r"compression method (\w+) not supported", "compression with {}"),
    ("22023", r'invalid value for parameter "\w*compression": "(lz4|zstd)"', "compression with {}"),
    ("22023", r'invalid value for parameter "(?:default|temp)_tablespaces?": "([^"]+)"', "the tablespace {}"),
    ("22023", r'could not create locale "([^"]+)"', "the locale {}"),
    ("22023 42809", r'invalid (?:\w+ )?locale name: "([^"]+)"', "the locale {}"),
    ("22023", r"could not open collator for locale", "a locale of ICU"),
    ("42704", rf'collation "({_LOCALE})" for encoding', "the collation {}"),
    ("42P17", r"unrecognized collation provider: (\w+)", "collations of the provider {}"),
    ("42704 22023", r'role "([^"]+)" does not exist', "the role {}, which no migration before makes"),
    ("42704", r'language "([^"]+)" does not exist', "the language {}"),
    ("42704", r'tablespace "([^"]+)" does not exist', "the tablespace {}"),
    ("42704", r'foreign-data wrapper "([^"]+)" does not exist', "the foreign-data wrapper {}"),
    ("42704", r'access method "([^"]+)" does not exist', "the access method {}"),
    ("3D000", r'database "([^"]+)" does not exist', "a database that is called {}"),
    ("58P01", r'could not (?:access file|load library) "([^"]+)"', "the library {}"),
    ("58P01", r'directory "([^"]+)" does not exist', "the directory {}"),
    ("F0000", r'could not open \S+ file "(?:[^"]*/)?([^"/]+)"', "the file {} of text search"),
    (None, r'([\w-]+)"? (?:must|can only) be (?:pre)?loaded', "{} in shared_preload_libraries"),
    ("22023", r"no security label providers have been loaded", "a provider of security labels"),
    ("55000", r'requires "?wal_level"? >= "?(\w+)', "wal_level = {}"),
)


def find_lack(sqlstate: str | None, message: str) -> str | None:
    """Return what the server lacks, in words; None where the error is another one."""
    for states, pattern, what in _LACKS:
        if (states is None or sqlstate in states.split()) and (found := re.search(pattern, message)):
            return what.format(found[1]) if found.groups() else what
    return None


def wanted_of(lack: str, message: str) -> Wanted:
    """Return what a server needs to have for it, as far as that is known; `lack` is of `find_lack`."""
    name = _EXTENSION.search(message)
    return Wanted(extensions=frozenset(name.groups()) if name else frozenset(), icu=bool(_ICU.search(lack)))


def portable_form(message: str) -> str | None:
    """Return what the migration can say instead, for every server; None where nothing is known."""
    if re.search(r'database "[^"]+" does not exist', message):
        return (
            "the database has another name on each server: let the migration ask for it, as in"
            " do $$ begin execute format('alter database %I set ...', current_database()); end $$"
        )
    if role := re.search(r'role "([^"]+)" does not exist', message):
        return (
            f"make {role[1]} where it is missing (do $$ ... if not exists ... create role ... $$); where"
            f" production has it from elsewhere, in the file of shadow_setup: create role {role[1]}"
        )
    if re.search(r"could not (?:connect to server|establish conn)|password .*required", message):
        return (
            "a server that check starts reaches no other one, so that a check touches nobody: connect"
            " where the data is moved, outside of migrations; or leave the replay out: check --no-shadow"
        )
    return None


def first_uses_of_extensions(migrations: Sequence[ParsedMigration]) -> Mapping[str, str]:
    """Return the extensions that migrations create, each with the name of the first file that does."""
    first: dict[str, str] = {}
    for migration in migrations:
        # The parser is loaded and run only for files that may create one.
        texts = [part.up.sql for part in migration.sections if "extension" in part.up.sql.lower()]
        found = requirements_of(texts) if texts else None
        for name in found.extensions if found else ():
            first.setdefault(name, migration.file.name)
    return first
