"""What DO blocks and functions run is found, and where it stands."""

import pytest
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.parse import read_sql
from dbmate_wrap.sql.statement import Body


def body(sql: str) -> Body:
    """The only body of the last statement."""
    (found,) = bodies(read_sql(sql).statements[-1])
    return found


def plpgsql(statements: str, declarations: str = "") -> list[str]:
    """The texts of what a DO block with these statements runs, as they stand in the block."""
    sql = f"select 'ü'; do $x$ {declarations} begin {statements} end $x$"
    found = body(sql)
    assert found.language == "plpgsql"
    return [sql[one.offset : one.offset + len(one.text)] for one in found.statements]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("null;", []),
        ("insert into a values (1);", ["insert into a values (1)"]),
        ("SET LOCAL search_path = x;", ["SET LOCAL search_path = x"]),
        (
            "if a then delete from t; elsif b then truncate t; else drop table t; end if;",
            "a|delete from t|b|truncate t|drop table t",
        ),
        (
            "if case when a then b else c end then delete from t; end if;",
            "case when a then b else c end|delete from t",
        ),
        ("case x when 1, 2 then delete from t; else null; end case;", "x|1, 2|delete from t"),
        ("case when x then delete from t; end case;", "x|delete from t"),
        ("while a loop delete from t; exit when b; end loop;", "a|delete from t|b"),
        ("<<l>> loop delete from t; continue l when c; end loop l;", "delete from t|c"),
        ("for r in select i from t loop update t set i = 1; end loop;", "select i from t|update t set i = 1"),
        ("for r in reverse 1..f(2) by 3 loop null; end loop;", "1|f(2)|3"),
        ("for r in c(1) loop null; end loop;", "c(1)"),
        ("foreach x slice 1 in array f(a) loop null; end loop;", "f(a)"),
        ("a := f(1); a.b[2].c = f(3); a[f(4)] := 5;", "f(1)|f(3)|5"),
        ("perform set_config('a', 'b', false);", "perform set_config('a', 'b', false)"),
        ("return query select 1; return next f(1); return; return (select 2);", "select 1|f(1)|(select 2)"),
        ("open c for select 1; open d scroll for select 2; close c; fetch c into x;", "select 1|select 2"),
        ("raise notice '%', f(1); assert f(2), 'x'; get diagnostics a = row_count;", "f(1)|f(2), 'x'"),
        (
            "call p(1); copy t from '/x'; create table b as select 1;",
            "call p(1)|copy t from '/x'|create table b as select 1",
        ),
        (
            "insert into t select case when a then 1 end from b;",
            "insert into t select case when a then 1 end from b",
        ),
        (
            "begin delete from t; exception when others then delete from u; end;",
            "delete from t|others|delete from u",
        ),
        (
            "-- insert into a values (1);\n/* delete from a; */ perform $$insert into x$$;",
            "perform $$insert into x$$",
        ),
    ],
)
def test_every_statement_and_expression_is_found_at_its_place(
    statement: str, expected: list[str] | str
) -> None:
    assert plpgsql(statement) == (expected.split("|") if isinstance(expected, str) else expected)


def test_declarations_have_expressions_and_cursors_queries() -> None:
    found = plpgsql(
        "null;",
        "declare a int := f(1); b constant text default f(2); c cursor (x int) for select 3; d t%rowtype;",
    )
    assert found == ["f(1)", "f(2)", "select 3"]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("select 1 into strict a from t;", pb.SelectStmt),
        ("select into a.b[1], c 1, 2 from t;", pb.SelectStmt),
        ("select 1, 2 into a, b;", pb.SelectStmt),
        ("insert into t values (1) returning i into a;", pb.InsertStmt),
        ("with w as (insert into t values (1) returning i) select i into a from w;", pb.SelectStmt),
        ("update t set i = 1 returning i into strict a.b;", pb.UpdateStmt),
    ],
)
def test_into_variables_is_no_select_into(statement: str, kind: type[object]) -> None:
    (one,) = body(f"do $$ begin {statement} end $$").statements
    assert isinstance(one.tree, kind)
    assert not any(node.HasField("into_clause") for node in one.of(pb.SelectStmt))


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("'insert into t values (1)'", pb.InsertStmt),
        ("$q$insert into t values ('x')$q$ into a using 1", pb.InsertStmt),
        ("format('delete from %I.%2$I where a = %L and b like ''%%''', 'x', b)", pb.DeleteStmt),
        ("'delete from ' || quote_ident(a) || ' where b = ' || quote_literal(c)", pb.DeleteStmt),
        ("format('set search_path to %s', a)::text", pb.VariableSetStmt),
    ],
)
def test_a_constant_command_of_execute_is_read_at_its_place(command: str, kind: type[object]) -> None:
    sql = f"do $$ begin\n execute {command}; end $$"
    one = body(sql).statements[1]
    assert isinstance(one.tree, kind)
    assert one.offset == sql.index(command)
    assert {one.at(node.location) for node in one.of(pb.RangeVar)} <= {one.offset}


def test_a_command_that_only_a_variable_holds_is_not_guessed() -> None:
    (expression,) = body("do $$ begin execute a; end $$").statements
    assert isinstance(expression.tree, pb.SelectStmt)


def test_commit_and_rollback_are_told_by_place() -> None:
    sql = "do $$ begin commit; if a then rollback and chain; end if; end $$"
    assert [sql[at : at + 8] for at in body(sql).commits] == ["commit; ", "rollback"]


@pytest.mark.parametrize(
    "sql",
    [
        "do 'begin insert into ü values (''x''); update t set a = 1; end'",
        "do language plpgsql 'begin insert into ü values (''x''); update t set a = 1; end'",
        "create function f() returns x.y language sql as 'insert into ü values (''x''); update t set a = 1'",
        "create function f(a x.y) returns trigger as"
        " $é$begin insert into ü values (1); update t set a = 1; end$é$ language plpgsql",
        "create procedure f() set search_path = x language 'PLpgSQL' as -- $$\n"
        " $$begin insert into b values (1); update t set a = 1; end$$",
    ],
)
def test_the_place_is_exact_in_any_quotes(sql: str) -> None:
    first, second = body(sql).statements
    assert sql[first.offset :].startswith("insert")
    assert sql[second.offset :].startswith("update t")
    (relation,) = second.of(pb.RangeVar)
    assert sql[second.at(relation.location) :].startswith("t set")


def test_escapes_leave_the_place_at_the_string() -> None:
    sql = "do E'begin\\n insert into a values (1); end'"
    (one,) = body(sql).statements
    assert one.offset == sql.index("E'")


def test_a_body_in_standard_sql_is_part_of_the_tree() -> None:
    sql = "create function f() returns int begin atomic insert into foo values (3); select 2; end"
    found = body(sql)
    assert found.language == "sql"
    assert [type(one.tree).__name__ for one in found.statements] == ["InsertStmt", "SelectStmt"]
    assert sql[found.statements[0].offset :].startswith("foo")


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "create function f() returns int language c as 'a', 'b'",
        "create function f() returns int language plpython3u as 'insert'",
    ],
)
def test_other_languages_and_statements_have_no_body_that_can_be_read(sql: str) -> None:
    assert bodies(read_sql(sql).statements[0]) == ()


@pytest.mark.parametrize(
    "text", ["", "begin", "if", "declare", "for x in", "execute", "case", "<<", "select into", "end;;("]
)
def test_a_body_that_is_no_plpgsql_ends_in_no_error(text: str) -> None:
    assert all(one.text for one in body(f"do $$ {text} $$").statements)


def test_what_is_no_expression_at_all_is_read_as_far_as_it_can_be() -> None:
    sql = "do $$ begin execute ) \\g\n delete from a.b; x := ) \\g\n drop table c; end $$"
    (statement,) = read_sql(sql).statements
    (body,) = bodies(statement)
    assert body.statements == ()
