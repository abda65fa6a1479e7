"""Rewrites migrations, and the setup before them, for a replay by a role that is no superuser."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.domain.replay_server import OWN_ROLES_SINCE, ReplayServer
from dbmate_wrap.postgres import shadow
from dbmate_wrap.review.shadow_setup import SetupFile


@dataclass(frozen=True)
class Rewritten:
    """The `files` that call a superuser's function, by name, and the `statements` that it runs, by id.

    `setup` is the one given, calling it as well. `notes` are lines for people: file, line, and what is
    different from the statement there.
    """

    files: Mapping[str, MigrationFile]
    statements: Mapping[str, str]
    notes: tuple[str, ...]
    setup: SetupFile | None = None


def rewrite_for_replay(
    migrations: Sequence[ParsedMigration],
    setup: SetupFile | None,
    folder: str,
    read_server: Callable[[], ReplayServer],
    major: int,
    placeholders: Collection[str],
) -> Rewritten:
    """Put calls in the places of statements that only a superuser may run.

    `read_server` reads the server, of that major; it is called where a text may have such a statement.
    `folder` is the migrations' as people see it. What is given to one of the `placeholders` stays with the
    replay's role: they may create nothing in its schemas, and so cannot own what is there. Nor can it give
    anything to the superuser, as whom production may migrate.
    """
    if not sql.is_available():
        return Rewritten({}, {}, (), setup)
    writer, files = _Writer(read_server, major, placeholders), dict[str, MigrationFile]()
    if setup is not None:
        setup = replace(setup, text=writer.rewrite(setup.text, setup.name, 1))
    for migration in migrations:
        file, content = migration.file, migration.file.content.decode("utf-8", "surrogateescape")
        for block in (block for each in migration.sections for block in (each.up, each.down)):
            rewritten = writer.rewrite(block.sql, f"{folder}/{file.name}", block.line)
            if rewritten != block.sql:
                content = content.replace(block.sql, rewritten)
                files[file.name] = replace(file, content=content.encode("utf-8", "surrogateescape"))
    return Rewritten(files, writer.statements, tuple(writer.notes), setup)


def roles_without_objects(placeholders: Collection[str]) -> frozenset[str]:
    """Return the roles to which a replay gives nothing: what they would get stays with its own role."""
    return frozenset({*placeholders, shadow.SUPERUSER})


@dataclass
class _Writer:
    """Rewrites texts, and collects what a superuser runs for them."""

    read_server: Callable[[], ReplayServer]
    major: int
    placeholders: Collection[str]
    statements: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _server: ReplayServer | None = None

    def rewrite(self, text: str, path: str, line: int) -> str:
        """Return the text with the calls; it begins at that line of the file at `path`."""
        from dbmate_wrap.sql.owners import keep_owners
        from dbmate_wrap.sql.superuser import mentions_superuser, replace_statements, superuser_statements

        text = keep_owners(text, roles_without_objects(self.placeholders))
        if not mentions_superuser(text, own_roles=self.major >= OWN_ROLES_SINCE):
            return text
        self._server = self._server or self.read_server()
        found = superuser_statements(text, self._server)
        self.statements |= {each.id: each.runs for each in found}
        self.notes += [
            f"{path}:{line + text.count(chr(10), 0, each.start)}: in the replay {each.note}"
            for each in found
            if each.note is not None
        ]
        return replace_statements(text, found)
