"""Turns what stopped a replay into the one error that tells it, with its place in the migration."""

import re

from dbmate_wrap.errors import FailedError, PreflightError, UnreachableError, WrapError
from dbmate_wrap.execution.diagnosis import diagnose
from dbmate_wrap.shadow.scratch import MigrationFailed
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace import shadow_server
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import display_path

UNTOUCHED = "nothing shared was touched"
_NO_EXTENSION = re.compile(r'extension "(?P<name>[^"]+)" is not available|extension control file')
_NO_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_EXISTS = re.compile(r'(?P<what>role|database|tablespace) "(?P<name>[^"]+)" already exists')
_EXTENSION_STATES = ("0A000", "58P01")


def broken_error(context: Context, shelf: ScratchPool, broken: MigrationFailed) -> WrapError:
    """The error for a history that cannot be applied: 30; 22 for an extension; 21 for a lost connection."""
    migration, failure = broken.migration, broken.failure
    name = migration.file.name
    if failure is None:
        done = "recorded in the database" if broken.part == "up" else "gone from the history"
        return FailedError(
            f"dbmate ended without an error on the shadow database, but {name} is not {done}",
            hint=f"{UNTOUCHED}; run it alone to see more: dbmate-wrap up on a database of your own",
            migration=name,
        )
    if failure.sqlstate in _EXTENSION_STATES and (lacks := _NO_EXTENSION.search(failure.message)):
        return lacking(context, shelf, name, lacks["name"] or "an extension")
    begun = failure.file == name
    block = migration.sections[0].up if broken.part == "up" else migration.sections[-1].down
    error = diagnose(context, failure, migration if begun else None, block if begun else None)
    if isinstance(error, UnreachableError):
        return error
    # On a shadow database nothing stays and nobody else holds a lock, whatever else is told of a live one.
    return FailedError(
        error.message,
        hint=_hint(shelf, name, error.message),
        sqlstate=error.sqlstate,
        migration=error.migration,
        line=error.line,
        frame=error.frame,
    )


def _hint(shelf: ScratchPool, name: str, message: str) -> str:
    if role := _NO_ROLE.search(message):
        return (
            f"the shadow server ({shelf.origin}) has no roles but those that the migrations make: make"
            f" {role['name']} where it is missing (do $$ ... if not exists ... create role ... $$), or use a"
            ' server that has it (shadow = "url" with shadow_url), or leave the replay out: --no-shadow'
        )
    if (there := _EXISTS.search(message)) and shelf.ground.lasting():
        return (
            "on the server of shadow_url nothing is dropped but our databases: an earlier check may have"
            f" made the {there['what']} {there['name']}. Make it only where it is missing, drop it there, or"
            ' use a server that is thrown away (shadow = "embedded", a service of the job)'
        )
    return f"it failed on a throw-away database ({shelf.origin}), {UNTOUCHED}: mend {name} and check again"


def lacking(context: Context, shelf: ScratchPool, file: str, extensions: str) -> PreflightError:
    """The error (22) for extensions that the shadow server does not have; `file` is the first to want one."""
    path = f"{display_path(context, context.environment.values.migrations_dir)}/{file}"
    return PreflightError(
        f"{path} creates what the shadow server ({shelf.origin}) does not have: {extensions}",
        hint=shadow_server.alternatives_hint(),
    )
