"""Roles that texts name and nothing in them makes; and owners that are left as they are."""

import pytest

from dbmate_wrap.sql.owners import keep_owners, new_owners, owners_given
from dbmate_wrap.sql.roles import roles_nobody_makes


@pytest.mark.parametrize(
    ("texts", "roles"),
    [
        (["create table public.t (role text, owner text)"], ""),
        (["grant select on public.t to app, public, current_user, session_user"], "app"),
        (['revoke all on public.t from "App"'], "App"),
        (["create policy p on public.t to reporting using (true)"], "reporting"),
        (["alter table public.t owner to app; alter schema s owner to other"], "app other"),
        (["alter default privileges for role app grant select on tables to reader"], "app reader"),
        (["create schema s authorization app"], "app"),
        (["grant app to other; grant pg_read_all_data to third"], "app other third"),
        (["comment on role app is 'x'; alter role b set work_mem = '1MB'; set role c"], "app b c"),
        (["alter user app login"], "app"),
        (["create role x in role app"], "app"),
        (["reassign owned by app to other; drop owned by third"], "app other third"),
        (["create user mapping for app server s"], "app"),
        (["drop role app"], "app"),
        (["drop role if exists app"], ""),
        (["drop role if exists app; create role app; grant select on t to app"], ""),
        (["create role app", "grant select on public.t to app"], ""),
        (["create user app; create group b; grant app to b"], ""),
        # What a text makes later, in any case, is missing where it is named: that is the fault to be told.
        (["grant select on public.t to app", "create role app"], ""),
        (["do $$ begin grant select on public.t to app; end $$"], "app"),
        (["do $$ begin execute 'grant select on public.t to app'; end $$"], "app"),
        (["do $$ begin create role app; end $$", "grant select on public.t to app"], ""),
        (["grant select on public.t to app", "do $$ begin create role app; end $$"], "app"),
        # A block that asks for the role, or goes on without it, does not need it.
        (
            [
                "do $$ begin if exists (select from pg_roles where rolname = 'app') then"
                " grant select on public.t to app; end if; end $$"
            ],
            "",
        ),
        (
            ["do $$ begin grant usage on schema s to app; exception when others then null; end $$"],
            "",
        ),
        # What makes roles by names that are values may make this one.
        (
            [
                "do $$ declare r text; begin foreach r in array array['app', 'b'] loop"
                " execute format('create role %I', r); end loop; end $$",
                "grant select on public.t to app, reporting",
            ],
            "reporting",
        ),
        (
            [
                "create function public.make(r text) returns void language plpgsql as"
                " $$ begin execute format('create role %I', r); end $$",
                "select public.make('app')",
                "grant select on public.t to app, reporting",
            ],
            "reporting",
        ),
        # Nobody knows this name before.
        (["do $$ begin execute format('grant select on t to %I', current_setting('x.y')); end $$"], ""),
        # A body runs later, if at all.
        (
            ["create function public.f() returns void language sql as $$ grant select on public.t to app $$"],
            "",
        ),
        (["grant select on to to to"], ""),
    ],
)
def test_roles_that_nothing_makes(texts: list[str], roles: str) -> None:
    assert roles_nobody_makes(texts) == frozenset(roles.split())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("alter table public.t owner to app;", "alter table public.t owner to current_user;"),
        (
            'select 1;\nalter schema "ä" owner to "My app";',
            'select 1;\nalter schema "ä" owner to current_user;',
        ),
        ("alter function f() owner to other", "alter function f() owner to other"),
        (
            "alter table t owner to app, add column owner text",
            "alter table t owner to current_user, add column owner text",
        ),
        ("create table t (t text default 'owner to app')", "create table t (t text default 'owner to app')"),
        (
            "do $$ begin alter table t owner to app; end $$",
            "do $$ begin alter table t owner to app; end $$",
        ),
    ],
)
def test_what_is_given_to_a_placeholder_stays(text: str, kept: str) -> None:
    assert keep_owners(text, {"app", "My app"}) == kept
    assert len(owners_given(text, {"app", "My app"})) == (text != kept)
    assert bool(new_owners(text, {"app", "My app"})) == (text != kept)
