"""The hint for a migration that failed for want of a privilege, which is no fault of its file."""

import re

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.ownership import ways_out

# insufficient_privilege
NO_PRIVILEGE = "42501"
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
