"""Rewrites migrations for a replay by a role that is no superuser."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.domain.replay_server import OWN_ROLES_SINCE, ReplayServer


@dataclass(frozen=True)
class Rewritten:
    """The `files` that call a superuser's function, by name, and the `statements` that it runs, by id.

    `notes` are lines for people: file, line, and what is different from the statement there.
    """

    files: Mapping[str, MigrationFile]
    statements: Mapping[str, str]
    notes: tuple[str, ...]


def rewrite_for_replay(
    migrations: Sequence[ParsedMigration], read_server: Callable[[], ReplayServer], *, major: int
) -> Rewritten:
    """Put calls in the places of statements that only a superuser may run.

    `read_server` reads the server, of that major; it is called where a migration may have such a statement.
    """
    if not sql.is_available():
        return Rewritten({}, {}, ())
    from dbmate_wrap.sql.superuser import mentions_superuser, replace_statements, superuser_statements

    files: dict[str, MigrationFile] = {}
    statements: dict[str, str] = {}
    notes: list[str] = []
    server: ReplayServer | None = None
    for migration in migrations:
        content = migration.file.content.decode("utf-8", "surrogateescape")
        if not mentions_superuser(content, own_roles=major >= OWN_ROLES_SINCE):
            continue
        server = server or read_server()
        for block in (block for each in migration.sections for block in (each.up, each.down)):
            found = superuser_statements(block.sql, server)
            content = content.replace(block.sql, replace_statements(block.sql, found)) if found else content
            statements |= {each.id: each.runs for each in found}
            notes += [
                f"{migration.file.name}:{block.line + block.sql.count(chr(10), 0, each.start)}: in the replay"
                f" {each.note}"
                for each in found
                if each.note is not None
            ]
        files[migration.file.name] = replace(
            migration.file, content=content.encode("utf-8", "surrogateescape")
        )
    return Rewritten(files, statements, tuple(notes))
