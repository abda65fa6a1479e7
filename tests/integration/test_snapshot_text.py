"""Random schemas with odd names: the baseline that is written from each makes it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.drift import SchemaDifference, find_differences
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.migrations.baseline import baseline_text
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.postgres import schema
from dbmate_wrap.redact import NOTHING
from tests.support.servers import Database, Server

pytestmark = pytest.mark.integration

WORDS = ["select", "table", "user", "from", "default", "Name", "a", "x y", "public", "null", "größe", "表"]
MARKS = [
    ";",
    "--",
    "'",
    '"',
    "$$",
    "$1",
    "(",
    ")",
    ",",
    ".",
    "\\",
    "\n",
    "\t",
    "%",
    ":",
    "/*",
    "{0}",
    "&",
    "é",
]
HEADER = "\n--\n-- Name: x; Type: TABLE; Schema: app; Owner: -\n--\n\nSET default_tablespace = '';\n\n"
NAMES = st.lists(st.sampled_from([*WORDS, *MARKS, " "]), min_size=1, max_size=4).map("".join)
# At most 63 bytes, and room for what PostgreSQL adds.
names = NAMES.filter(lambda name: len(name.encode()) <= 30)
TEXTS = st.lists(
    st.sampled_from([*WORDS, *MARKS, HEADER, "\nSET default_tablespace = x;\n", "\n\n\n", "\\restrict"]),
    max_size=6,
).map("".join)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Named:
    """What every block gets: names that nobody else has, and a text."""

    schema: str
    first: str
    second: str
    third: str
    text: str

    @property
    def table(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.first)}"

    def there(self, name: str) -> str:
        return f"{quoted(self.schema)}.{quoted(name)}"


def a_table(n: Named) -> str:
    one, two = quoted(n.second), quoted(n.third)
    return (
        f"create table {n.table} ({one} int primary key, {two} text default {literal(n.text)},"
        f" constraint {two} check ({two} <> {literal(n.text)}));"
        f"comment on column {n.table}.{two} is {literal(n.text)};"
        f"create index on {n.table} (lower({two})) where {one} > 0"
    )


def some_partitions(n: Named) -> str:
    column = quoted(n.second)
    return (
        f"create table {n.table} ({column} text not null) partition by list ({column});"
        f"create table {n.there(n.first + ' 1')} partition of {n.table} for values in ({literal(n.text)});"
        f"create table {n.there(n.first + ' d')} partition of {n.table} default;"
        f"create index {quoted(n.third)} on {n.table} ({column})"
    )


def inheritance(n: Named) -> str:
    return (
        f"create table {n.table} ({quoted(n.second)} int check ({quoted(n.second)} > 0));"
        f"create table {n.there(n.first + ' c')} ({quoted(n.third)} int) inherits ({n.table});"
        f"alter table {n.table} add column late text default {literal(n.text)}"
    )


def an_enum(n: Named) -> str:
    label = literal(n.third)
    return (
        f"create type {n.table} as enum ({label}, 'other');"
        f"create table {n.there(n.first + ' t')} ({quoted(n.second)} {n.table} default {label})"
    )


def a_domain(n: Named) -> str:
    return (
        f"create domain {n.table} as varchar(9) default {literal(n.text[:9])}"
        f" constraint {quoted(n.second)} check (value in ('a', {literal(n.text)}));"
        f"comment on domain {n.table} is {literal(n.text)}"
    )


def a_function(n: Named) -> str:
    return (
        # PL/pgSQL calls its parameters $1, $2 as well.
        f"create function {n.table}({quoted(f'in {n.second}')} int, out {quoted(f'out {n.third}')} text)"
        " language plpgsql as "
        + literal(f" begin /* {n.text.replace('*/', '').replace('/*', '')} */ return; end ")
    )


def a_standard_function(n: Named) -> str:
    return (
        f"create function {n.table}({quoted(n.second)} int) returns text"
        f" begin atomic select {literal(n.text)} || {quoted(n.second)}; end"
    )


def a_view(n: Named) -> str:
    return (
        f"create view {n.table} as"
        f" select 1 as {quoted(n.second)}, {literal(n.text)}::text as {quoted(n.third)};"
        f"create view {n.there(n.first + ' v')} as select {quoted(n.third)} as {quoted(n.second)}"
        f" from {n.table} where {quoted(n.second)} between 0 and 2;"
        f"create rule {quoted(n.third)} as on delete to {n.table} do instead nothing"
    )


def a_protected_table(n: Named) -> str:
    return (
        f"create table {n.table} ({quoted(n.second)} text);"
        f"alter table {n.table} enable row level security;"
        f"create policy {quoted(n.third)} on {n.table} using ({quoted(n.second)} = {literal(n.text)});"
        f"create trigger {quoted(n.third)} before update on {n.table} for each row"
        " execute function suppress_redundant_updates_trigger()"
    )


def a_cycle(n: Named) -> str:
    other, one, two = n.there(n.first + " o"), quoted(n.second), quoted(n.third)
    return (
        f"create table {n.table} ({one} int primary key, {two} int);"
        f"create table {other} ({two} int primary key references {n.table});"
        f"alter table {n.table} add constraint {two} foreign key ({two}) references {other} not valid"
    )


def a_sequence(n: Named) -> str:
    return (
        f"create sequence {n.table} start 5;"
        f"create table {n.there(n.first + ' s')} ({quoted(n.second)} serial,"
        f" {quoted(n.third)} int generated always as identity, more int default nextval({literal(n.table)}))"
    )


BLOCKS: list[Callable[[Named], str]] = [
    a_table,
    some_partitions,
    inheritance,
    an_enum,
    a_domain,
    a_function,
    a_standard_function,
    a_view,
    a_protected_table,
    a_cycle,
    a_sequence,
]


@st.composite
def schemas(draw: st.DrawFn) -> list[str]:
    """Statements that make one or two schemas with some blocks in each."""
    found: list[str] = []
    for name in draw(st.lists(names, min_size=1, max_size=2, unique=True)):
        called = f"s {name}"
        found.append(f"create schema {quoted(called)}")
        for number, block in enumerate(draw(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=5))):
            second, third = draw(st.lists(names, min_size=2, max_size=2, unique=True))
            # The number keeps the names of one schema apart.
            first = f"{draw(names)}{number}"
            found.append(block(Named(called, first, second, f"{third} {number}", draw(TEXTS))))
    return found


def dump(database: Database) -> str:
    programs = database.server
    program = schema.PgDump(programs.bin_dir / "pg_dump", programs.major)
    return schema.dump_schema(program, parse(database.url, os_user=""), NOTHING)


@contextmanager
def made(server: Server, sql: str) -> Iterator[Database]:
    with server.new_database() as database:
        database.execute(sql)
        yield database


def up_of(text: str) -> str:
    """What dbmate runs."""
    content = text.encode()
    parsed = parse_migration(MigrationFile("001_init.sql", "001", sha256(content).hexdigest(), content), text)
    assert isinstance(parsed, ParsedMigration), parsed
    [section] = parsed.sections
    return section.up.sql


def compared(server: Server, statements: str) -> tuple[SchemaDifference, ...]:
    """What differs between a schema and what its snapshot makes."""
    with made(server, statements) as live:
        text = dump(live)
        with made(server, up_of(baseline_text(text, "x", bodies_checked=False))) as again:
            expected = dump(again)
    if found := find_differences(expected, text):
        # As the commands do: what differs only in how it was written down is no difference.
        with made(server, text) as one, made(server, expected) as two:
            found = find_differences(dump(two), dump(one))
    return found


# Every block at once.
ONE = [Named("s", f"f {number}", "a b", "c;", HEADER) for number, _ in enumerate(BLOCKS)]


# The same schemas each time: what is found here is about PostgreSQL, and hunted with more of them by hand.
@settings(
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schemas())
@example([f"create schema {quoted('s')}", *(each(ONE[number]) for number, each in enumerate(BLOCKS))])
def test_a_snapshot_makes_the_schema_again(embedded: Server, statements: list[str]) -> None:
    assert compared(embedded, ";\n".join(statements)) == ()


@pytest.mark.parametrize("change", ["alter table {} add column more int", "drop table {} cascade"])
def test_it_would_see_a_difference(embedded: Server, change: str) -> None:
    table = Named("s", "f", "a", "b", "text")
    statements = f"create schema s;{a_table(table)}"
    with made(embedded, statements) as live, made(embedded, statements) as other:
        other.execute(change.format(table.table))
        assert find_differences(dump(live), dump(other)) != ()
