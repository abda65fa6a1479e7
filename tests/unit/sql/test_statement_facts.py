"""What the text of a statement says about locks and work that no server shows."""

import pytest

from dbmate_wrap.domain.statement_facts import StatementFacts
from dbmate_wrap.sql.parse import read_sql
from dbmate_wrap.sql.statement_facts import read_statement_facts


def facts(sql: str) -> StatementFacts:
    [statement] = read_sql(sql).statements
    return read_statement_facts(statement)


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("alter table only t add c int", "ALTER TABLE"),
        ("alter index i rename to j", "ALTER INDEX"),
        ("create unique index concurrently on t (c)", "CREATE INDEX"),
        ("create or replace view v as select 1", "CREATE VIEW"),
        ("create unlogged table if not exists t ()", "CREATE TABLE"),
        ("create temp sequence s", "CREATE SEQUENCE"),
        ("create constraint trigger g after insert on t for each row execute function f()", "CREATE TRIGGER"),
        ("create materialized view v as select 1", "CREATE MATERIALIZED VIEW"),
        ("refresh materialized view concurrently v", "REFRESH MATERIALIZED VIEW"),
        ("create foreign data wrapper w", "CREATE FOREIGN DATA WRAPPER"),
        ("create foreign table t (i int) server s", "CREATE FOREIGN TABLE"),
        (
            "create operator class o for type int using btree as storage int",
            "CREATE OPERATOR CLASS",
        ),
        ("create operator === (function = f, leftarg = int)", "CREATE OPERATOR"),
        ("alter text search configuration c rename to d", "ALTER TEXT SEARCH CONFIGURATION"),
        ("alter default privileges grant select on tables to r", "ALTER DEFAULT PRIVILEGES"),
        ("create user mapping for u server s", "CREATE USER MAPPING"),
        ("create user u", "CREATE USER"),
        ("drop owned by r", "DROP OWNED"),
        ("lock t", "LOCK TABLE"),
        ("truncate t", "TRUNCATE TABLE"),
        ("comment on table t is ''", "COMMENT"),
        ("grant select on t to r", "GRANT"),
        ("with a as (select 1) insert into t select * from a", "INSERT"),
        ("/* update */ with a as (delete from t returning i) select * from a", "SELECT"),
        ("do $$ begin end $$", "DO"),
        ("vacuum (full) t", "VACUUM"),
    ],
)
def test_the_tag_is_that_of_the_server(sql: str, tag: str) -> None:
    assert facts(sql).tag == tag


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("insert into t values (1)", "writes_rows"),
        ("copy t from '/tmp/x'", "writes_rows"),
        ("copy t to '/tmp/x'", ""),
        ("with a as (delete from t returning i) select * from a", "writes_rows reads_rows"),
        ("do $$ begin update t set i = 1; end $$", "writes_rows"),
        ("create function f() returns void language plpgsql as $$ begin update t set i = 1; end $$", ""),
        ("create rule r as on insert to t do also insert into u values (1)", ""),
        ("explain update t set i = 1", ""),
        ("truncate t", "truncates"),
        ("vacuum t", "reads_rows"),
        ("analyze t", ""),
        ("create table u as select * from t", "reads_rows"),
        ("create table u as select * from t with no data", ""),
        ("refresh materialized view v", "reads_rows"),
        ("refresh materialized view v with no data", ""),
        ("refresh materialized view concurrently v", "reads_rows writes_rows"),
        ("create table p partition of t default", "makes_partition"),
        ("alter domain d add check (value > 0)", "checks_domain"),
        ("alter domain d add check (value > 0) not valid", ""),
        ("alter domain d validate constraint c", "checks_domain"),
        ("alter domain d set not null", "checks_domain"),
        ("alter domain d drop not null", ""),
        ("create index concurrently on t (c)", "concurrently"),
    ],
)
def test_work_that_no_message_tells_is_read(sql: str, expected: str) -> None:
    found = facts(sql)
    flags = ["writes_rows", "reads_rows", "truncates", "checks_domain", "makes_partition", "concurrently"]
    assert {flag for flag in flags if getattr(found, flag)} == set(expected.split())


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("alter table a.t add foreign key (i) references u", [("a", "t"), ("", "u")]),
        ("create trigger g before insert on a.t execute function a.f()", [("a", "t")]),
        ("drop index a.i, j", [("a", "i"), ("", "j")]),
        ("alter table a.t detach partition a.p", [("a", "t"), ("a", "p")]),
        ("comment on column a.t.c is ''", [("a", "t")]),
        (
            "do $$ begin alter table a.t add i int; alter table a.u add i int; end $$",
            [("a", "t"), ("a", "u")],
        ),
        ("create type a.e as enum ('x')", []),
    ],
)
def test_the_relations_are_named_the_main_one_first(sql: str, names: list[tuple[str, str]]) -> None:
    assert list(facts(sql).names) == names


def test_the_targets_of_writes_are_named() -> None:
    sql = "with a as (delete from x.t returning i) insert into u select a.i from a join v on v.i = a.i"
    assert facts(sql).targets == {("x", "t"), ("", "u")}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("alter table t add i int;", None),
        ("create type e as enum (''x''); exception when duplicate_object then null;", None),
        ("if not exists (select from pg_type where typname = ''e'') then create table t (); end if;", None),
        ("execute ''alter table t add i int'';", None),
        ("create trigger g before insert on t for each row execute function f();", None),
        ("execute format(''alter table %I add i int'', ''t'');", "puts together"),
        ("for r in select 1 loop execute r.command; end loop;", "puts together"),
        ("if exists (select from a.t) then drop table a.u; end if;", "reads a.t"),
        ("if current_database() = ''x'' then drop table t; end if;", "asks for current_database"),
        ("execute", "puts together"),
    ],
)
def test_a_do_block_that_may_do_something_else_on_other_data_is_told(body: str, reason: str | None) -> None:
    found = facts(f"do 'declare r record; begin {body} end'").varies
    assert (reason in found) if reason and found else found is reason


def test_a_do_block_in_another_language_is_not_judged() -> None:
    assert "cannot be read" in (facts("do language plpython3u 'pass'").varies or "")


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("select a.f(), g()", {("a", "f"), ("", "g")}),
        ("call p()", {("", "p")}),
        ("do $$ begin perform a.f(); end $$", {("a", "f")}),
        ("select pg_catalog.now()", set()),
        ("alter table t add i int default a.f()", set()),
    ],
)
def test_functions_that_are_run_are_named(sql: str, calls: set[tuple[str, str]]) -> None:
    assert facts(sql).calls == calls
