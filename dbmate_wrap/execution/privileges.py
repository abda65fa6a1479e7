"""The hints for a migration that failed for want of a privilege, or of the history table."""

import re

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.ownership import ways_out

# insufficient_privilege
NO_PRIVILEGE = "42501"
# undefined_table, invalid_schema_name.
_NOT_RECORDED = frozenset({NO_PRIVILEGE, "42P01", "3F000"})
_EXTENSION = re.compile(r'extension "[^"]+"\Z')


def privilege_hint(account: str, failure: DbmateError, file: str) -> str | None:
    """Return who can help, and how; None for any other failure."""
    if failure.sqlstate != NO_PRIVILEGE:
        return None
    if extension := _EXTENSION.search(failure.message):
        return (
            f"{account} may not make that extension; have a superuser, or who may with your provider,"
            f" run once in this database: create {extension[0]}; write CREATE EXTENSION IF NOT EXISTS in"
            f" {file}, and run again"
        )
    if not failure.not_owned:
        return f"{account} lacks a privilege: have it granted, or take that out of {file}, and run again"
    about = ", ".join(each.label for each in failure.not_owned)
    return f"{account} lacks a right on {about}; {ways_out(failure.not_owned, account)}; and run again"


def recording_hint(migrations_table: str, failure: DbmateError, file: str) -> str | None:
    """Return the hint where dbmate could not write its record, within the migration's transaction."""
    table = migrations_table.rpartition(".")[2].strip('"')
    if failure.sqlstate not in _NOT_RECORDED or table not in failure.message:
        return None
    if failure.sqlstate == NO_PRIVILEGE:
        return (
            f"a role that {file} sets still holds when dbmate records the version; end its migrate:up with"
            " RESET ROLE, and run again"
        )
    return (
        f"dbmate had to record the version in {migrations_table}, which {file} drops, renames or moves:"
        " take that out, and run again"
    )
