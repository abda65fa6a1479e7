"""Errors of a replay: the one error for a migration that cannot be applied or undone on the shadow."""

import re

from dbmate_wrap.errors import FailedError, PreflightError, UnreachableError, WrapError
from dbmate_wrap.execution.diagnosis import ProjectNames, diagnose
from dbmate_wrap.shadow.scratch import MigrationFailed
from dbmate_wrap.workspace import shadow_server

UNTOUCHED = "nothing shared was touched"
_NO_EXTENSION = re.compile(r'extension "(?P<name>[^"]+)" is not available|extension control file')
_NO_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_EXISTS = re.compile(r'(?P<kind>role|database|tablespace) "(?P<name>[^"]+)" already exists')
_EXTENSION_STATES = ("0A000", "58P01")


def replay_error(
    failed: MigrationFailed, names: ProjectNames, origin: str, *, keeps_roles: bool
) -> WrapError:
    """Return the error for a history that cannot be applied: 30; 22 for an extension; 21 without connection.

    `origin` names the shadow server; `keeps_roles`: roles and foreign databases stay there after a check.
    """
    migration, failure = failed.migration, failed.failure
    name = migration.file.name
    if failure is None:
        done = "recorded in the database" if failed.part == "up" else "gone from the history"
        return FailedError(
            f"dbmate ended without an error on the shadow database, but {name} is not {done}",
            hint=f"{UNTOUCHED}; run it alone to see more: dbmate-wrap up on a database of your own",
            migration=name,
        )
    if failure.sqlstate in _EXTENSION_STATES and (lacks := _NO_EXTENSION.search(failure.message)):
        return missing_extension_error(f"{names.folder}/{name}", lacks["name"] or "an extension", origin)
    started = failure.file == name
    block = migration.sections[0].up if failed.part == "up" else migration.sections[-1].down
    error = diagnose(names, failure, migration if started else None, block if started else None)
    if isinstance(error, UnreachableError):
        return error
    # On a shadow database nothing stays, and nobody else holds a lock: the diagnosis is of a live one.
    return FailedError(
        error.message,
        hint=_hint(name, error.message, origin, keeps_roles=keeps_roles),
        sqlstate=error.sqlstate,
        migration=error.migration,
        line=error.line,
        frame=error.frame,
    )


def missing_extension_error(path: str, extensions: str, origin: str) -> PreflightError:
    """Return the error (22) for extensions that the shadow server lacks; `path` is the first user."""
    return PreflightError(
        f"{path} creates what the shadow server ({origin}) does not have: {extensions}",
        hint=shadow_server.alternatives_hint(),
    )


def _hint(name: str, message: str, origin: str, *, keeps_roles: bool) -> str:
    if role := _NO_ROLE.search(message):
        return (
            f"the shadow server ({origin}) has no roles but those that the migrations make: make"
            f" {role['name']} where it is missing (do $$ ... if not exists ... create role ... $$), or use a"
            ' server that has it (shadow = "url" with shadow_url), or leave the replay out: --no-shadow'
        )
    if keeps_roles and (existing := _EXISTS.search(message)):
        return (
            "on the server of shadow_url nothing is dropped but our databases: an earlier check may have"
            f" made the {existing['kind']} {existing['name']}. Make it only where it is missing, drop it"
            ' there, or use a server that is thrown away (shadow = "embedded", a service of the job)'
        )
    return f"it failed on a throw-away database ({origin}), {UNTOUCHED}: fix {name} and check again"
