"""A fleet of small databases on one server of the tests, each a copy of one that plain dbmate has made."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import jsonschema
from psycopg.sql import SQL, Identifier

from tests.support.cli import CliResult, Document, assert_presentable
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database, Server

_TEMPLATE = "tenant_template"
# Without a ledger: of a database that is stamped each copy would count as a copy.
_MADE_BEFORE = """
    create table public.schema_migrations (version varchar(128) primary key);
    insert into public.schema_migrations values ('001');
    create table public.a (i int);
    create table public.gate (i int);
    create table public.pause (seconds float)
"""
# Who locks the gate of a database holds its migration back; a row in `pause` lets it sleep.
HISTORY: Mapping[str, str] = {
    "001_a.sql": migration("create table public.a (i int);", "drop table public.a;"),
    "002_b.sql": migration(
        "create table public.b (i int);\n"
        "lock table public.gate;\n"
        "select pg_catalog.pg_sleep(seconds) from public.pause;",
        "drop table public.b;",
    ),
}
FLEET = '[fleets.tenants]\nenvironment = "staging"\ntargets = "tenants.jsonl"\n'


@dataclass(frozen=True)
class Tenants:
    """The databases, the project that migrates them, and the file that lists them."""

    folder: ProjectFolder
    server: Server
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> Database:
        return Database(self.server, name)

    @property
    def variables(self) -> dict[str, str]:
        """The environment's URL, whose database is none of them."""
        return {"STAGING_DATABASE_URL": self.server.url("postgres")}

    def write_list(self, **columns: Mapping[str, object]) -> None:
        """List all of them; `columns` are more of what a line may say, by the names."""
        lines = [json.dumps({"name": name, **columns.get(name, {})}) for name in self.names]
        (self.folder.root / "tenants.jsonl").write_text("".join(f"{line}\n" for line in lines))

    def with_names(self, names: Iterable[str]) -> "Tenants":
        """The same with other targets, listed in the file."""
        changed = replace(self, names=tuple(names))
        changed.write_list()
        return changed

    def versions(self, names: Iterable[str] | None = None) -> dict[str, list[str]]:
        """What each database itself says was applied; those that are not there are left out."""
        there = databases_of(self.server)
        query = "select version from public.schema_migrations order by 1"
        return {
            name: [row[0] for row in self[name].execute(query)]
            for name in names or self.names
            if name in there
        }

    def assert_whole(self, names: Iterable[str] | None = None) -> None:
        """Each migration is applied and recorded once, and no table is there without a record."""
        query = """
            select (select array_agg(version::text order by version) from public.schema_migrations),
                (select array_agg(version order by version) from dbmate_wrap.ledger),
                to_regclass('public.b') is not null
        """
        expected = (["001", "002"], ["001", "002"], True)
        for name in names or self.names:
            assert self[name].execute(query) == [expected], name


def databases_of(server: Server) -> set[str]:
    """The names of all databases of a server."""
    return {row[0] for row in server.execute("select datname from pg_database")}


def create(server: Server, names: Sequence[str]) -> None:
    """Make databases with the first migration applied."""
    if _TEMPLATE not in databases_of(server):
        server.execute(f"create database {_TEMPLATE} strategy file_copy")
        server.execute(_MADE_BEFORE, _TEMPLATE)
    copy = SQL("create database {} template {} strategy file_copy")
    with server.connect() as connection:
        for name in names:
            connection.execute(copy.format(Identifier(name), Identifier(_TEMPLATE)))


def drop(server: Server, names: Iterable[str]) -> None:
    """Drop databases with their sessions; those that are not there are left out."""
    with server.connect() as connection:
        for name in names:
            connection.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))


@contextmanager
def held(*databases: Database) -> Iterator[Callable[[], None]]:
    """Their migrations wait for a lock until the block ends, or what it gets is called."""
    with ExitStack() as stack:
        for database in databases:
            other = stack.enter_context(database.connect())
            stack.enter_context(other.transaction())
            other.execute("lock table public.gate")
        yield stack.close


@contextmanager
def make_tenants(
    server: Server,
    project: MakeProject,
    names: Sequence[str],
    *,
    files: Mapping[str, str] = HISTORY,
    toml: str = "",
    dropped: bool = True,
) -> Iterator[Tenants]:
    """Databases of these names and a project whose fleet they are, `toml` being more of its settings.

    They are `dropped` in the end, where their server is not thrown away.
    """
    tenants = Tenants(project(files, sealed=True, toml=toml + FLEET), server, tuple(names))
    tenants.write_list()
    create(server, names)
    try:
        yield tenants
    finally:
        if dropped:
            drop(server, names)


MakeTenants = Callable[..., Tenants]


@dataclass(frozen=True)
class FleetLines:
    """The documents of a run with `--format json`: one for each target, and the last."""

    targets: Mapping[str, Document]
    last: Document

    @property
    def fleet(self) -> Mapping[str, object]:
        """The summary of the last document."""
        found = self.last["fleet"]
        assert isinstance(found, dict)
        return found

    def states(self) -> dict[str, str]:
        """The state of each target."""
        return {
            name: str(_table(document, "fleet_target")["state"]) for name, document in self.targets.items()
        }

    def codes(self) -> dict[str, int]:
        """The exit code of each target."""
        return {name: int(str(_table(document, "exit")["code"])) for name, document in self.targets.items()}

    def error(self, name: str) -> str:
        """What went wrong at a target."""
        return str(_table(self.targets[name], "error")["message"])

    def in_state(self, state: str) -> list[str]:
        """The sorted names of the targets in that state."""
        return sorted(name for name, found in self.states().items() if found == state)


def _table(document: Document, key: str) -> dict[str, object]:
    found = document[key]
    assert isinstance(found, dict), document
    return found


def documents_of(text: str, validator: jsonschema.Draft202012Validator) -> list[Document]:
    """The documents of whole lines, each of which is valid; of a run that was killed too."""
    found = [json.loads(line) for line in text.splitlines()]
    for document in found:
        validator.validate(document)
        assert (document["error"] is None) == (document["exit"]["code"] in (0, 32)), document
    return found


def fleet_lines(done: CliResult, validator: jsonschema.Draft202012Validator) -> FleetLines:
    """The documents of a run that has ended, which add up, and tell its exit code."""
    assert_presentable(done)
    *targets, last = documents_of(done.stdout, validator)
    assert done.stdout.endswith("}\n")
    lines = FleetLines({_table(each, "fleet_target")["name"]: each for each in targets}, last)  # type: ignore[misc]
    assert len(lines.targets) == len(targets), "a target has two documents"
    assert _table(last, "exit")["code"] == done.returncode
    states = lines.fleet["states"]
    assert isinstance(states, list)
    found = list(lines.states().values())
    assert {each["state"]: each["targets"] for each in states} == {each: found.count(each) for each in found}
    assert {_table(each, "fleet_target")["digest"] for each in targets} <= {lines.fleet["digest"]}
    return lines
