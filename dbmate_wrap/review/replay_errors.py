"""Errors that end a check: a history that cannot be applied, or a server that lacks something for it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import FailedError, PreflightError, UnreachableError, WrapError
from dbmate_wrap.execution.diagnosis import diagnose
from dbmate_wrap.review.server_lacks import A_WAY, find_lack, portable_form, wanted_of
from dbmate_wrap.shadow.scratch import MigrationFailed
from dbmate_wrap.workspace import shadow_server
from dbmate_wrap.workspace.server_choice import Wanted

UNTOUCHED = "nothing shared was touched"
_EXISTS = re.compile(r'(?P<kind>role|database|tablespace) "(?P<name>[^"]+)" already exists')
_NO_PRIVILEGE = "42501"
# invalid_schema_name, undefined_object, undefined_function.
_UNDEFINED = ("3F000", "42704", "42883")
# RAISE and ASSERT, and the division by zero of a condition in plain SQL.
_OWN_ERRORS = ("P0001", "P0004", "22012")
_ASKS_NAME = re.compile(r"(?i)\bcurrent_(?:database|catalog)\b")
_COMMENT = re.compile(r"(?s)--[^\n]*|/\*.*?\*/")
_OTHER_NAME = (
    "It asks for the name of its database, and a throw-away one has another: where that is why, let it run"
    " under any name (dbmate-wrap refuses a database that is stamped as another environment's), or leave the"
    " replay out: --no-shadow"
)


def replay_error(
    failed: MigrationFailed, names: ProjectNames, origin: str, *, keeps_roles: bool
) -> WrapError:
    """Return the error for a history that cannot be applied: 30; 22 where the server lacks something; or 21.

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
    if failure.sqlstate == _NO_PRIVILEGE and not keeps_roles:
        return replace(_no_privilege(f"{names.folder}/{name}", failure.message, origin), migration=name)
    started = failure.file == name
    block = migration.sections[0].up if failed.part == "up" else migration.sections[-1].down
    error = diagnose(names, failure, migration if started else None, block if started else None)
    if isinstance(error, UnreachableError):
        return error
    if lack := find_lack(failure.sqlstate, failure.message) if started else None:
        others = (
            None
            if lack.startswith(A_WAY)
            else shadow_server.alternatives_hint(wanted_of(lack, failure.message))
        )
        ways = (portable_form(failure.message), others)
        message = f"{error.message}: it needs what the shadow server ({origin}) does not have: {lack}"
        return _at_place(PreflightError, error, message, "; else ".join(filter(None, ways)))
    # On a shadow database nothing stays, and nobody else holds a lock: the diagnosis is of a live one.
    hint = _hint(name, error.message, origin, keeps_roles=keeps_roles)
    if started and failure.sqlstate in _OWN_ERRORS and _ASKS_NAME.search(_COMMENT.sub("", block.sql)):
        hint = f"{hint}. {_OTHER_NAME}"
    if failure.sqlstate in _UNDEFINED and failed.part == "up":
        hint = f"{hint}; or, where production has it from elsewhere, make it in the file of shadow_setup"
    return _at_place(FailedError, error, error.message, hint)


def setup_error(place: str, error: FailedError, origin: str, *, keeps_roles: bool) -> WrapError:
    """Return the error for a statement of the setup that fails, at `place`, as `replay_error` does."""
    if error.sqlstate == _NO_PRIVILEGE and not keeps_roles:
        return _no_privilege(place, error.message, origin)
    message = f"{place}: {error.message}"
    if lack := find_lack(error.sqlstate, error.message):
        message = f"{message}: it needs what the shadow server ({origin}) does not have: {lack}"
        return PreflightError(
            message,
            hint=shadow_server.alternatives_hint(wanted_of(lack, error.message)),
            sqlstate=error.sqlstate,
        )
    hint = _hint(place.rpartition(":")[0], error.message, origin, keeps_roles=keeps_roles)
    return FailedError(message, hint=hint, sqlstate=error.sqlstate)


def _at_place(kind: type[WrapError], error: WrapError, message: str, hint: str) -> WrapError:
    return kind(
        message,
        hint=hint,
        sqlstate=error.sqlstate,
        migration=error.migration,
        line=error.line,
        frame=error.frame,
    )


def _no_privilege(place: str, message: str, origin: str) -> PreflightError:
    # Before 16 the replay's role makes none, and a DO block is not read for the superuser.
    role = "A role that it makes only where it is missing can be made before, in the file of shadow_setup. "
    instead = role if "create role" in message else ""
    return PreflightError(
        f"{place} needs rights that the replay's role ({origin}) does not have: {message}",
        hint="the replay runs without a superuser, as on a managed server, so that no branch runs programs or"
        f" reads files where it is checked. {instead}If the migration is meant for a superuser, set"
        " shadow_superuser = true on the branch that it is merged into, or leave the replay out: --no-shadow",
        sqlstate=_NO_PRIVILEGE,
    )


def missing_extension_error(path: str, extensions: Sequence[str], origin: str) -> PreflightError:
    """Return the error (22) for extensions that the shadow server lacks; `path` is the first user."""
    return PreflightError(
        f"{path} creates what the shadow server ({origin}) does not have: {', '.join(extensions)}",
        hint=shadow_server.alternatives_hint(Wanted(extensions=frozenset(extensions))),
    )


def _hint(name: str, message: str, origin: str, *, keeps_roles: bool) -> str:
    if keeps_roles and (existing := _EXISTS.search(message)):
        return (
            "on the server of shadow_url nothing is dropped but our databases: an earlier check may have"
            f" made the {existing['kind']} {existing['name']}. Make it only where it is missing, drop it"
            ' there, or use a server that is thrown away (shadow = "auto", a service of the job)'
        )
    return f"it failed on a throw-away database ({origin}), {UNTOUCHED}: fix {name} and check again"
