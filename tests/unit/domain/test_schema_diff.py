"""Two dumps are compared object by object."""

import pytest

from dbmate_wrap.domain.schema_diff import Difference, compare_dumps, first_difference, layout_differences
from tests.support.dump_texts import entry, table

HEAD = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\n"


ORDERS = table("orders", "id integer NOT NULL", "note text", "CONSTRAINT k CHECK ((id > 0))")


def test_equal_dumps_do_not_differ() -> None:
    assert not compare_dumps(HEAD + ORDERS, HEAD + ORDERS)
    assert not compare_dumps("", "")


def test_the_order_of_objects_has_no_meaning() -> None:
    other = table("other", "id integer")
    assert not compare_dumps(HEAD + ORDERS + other, HEAD + other + ORDERS)


def test_settings_between_objects_belong_to_none() -> None:
    setting = "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n\n"
    function = entry("f()", "FUNCTION", "CREATE FUNCTION app.f() RETURNS integer;")
    assert not compare_dumps(function + setting + ORDERS, setting + ORDERS + function)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), Difference(missing=("table app.orders",))),
        (
            ("id integer NOT NULL", "CONSTRAINT k CHECK ((id > 0))"),
            Difference(missing=("column app.orders.note",)),
        ),
        (
            ("id integer NOT NULL", "note text", '"a b" text', "CONSTRAINT k CHECK ((id > 0))"),
            Difference(extra=('column app.orders."a b"',)),
        ),
        (
            ("id bigint NOT NULL", "note text", "CONSTRAINT k CHECK ((id > 0))"),
            Difference(changed=("column app.orders.id",)),
        ),
        (("id integer NOT NULL", "note text"), Difference(missing=("constraint k of app.orders",))),
        (
            ("note text", "id integer NOT NULL", "CONSTRAINT k CHECK ((id > 0))"),
            Difference(reordered=("the order of the columns of table app.orders",)),
        ),
    ],
)
def test_a_table_is_compared_column_by_column(found: tuple[str, ...], expected: Difference) -> None:
    assert compare_dumps(HEAD + ORDERS, HEAD + (table("orders", *found) if found else "")) == expected


def test_a_table_that_differs_elsewhere_is_named_itself() -> None:
    partitioned = ORDERS.replace("\n);", "\n)\nPARTITION BY RANGE (id);")
    assert compare_dumps(ORDERS, partitioned) == Difference(changed=("table app.orders",))


def test_lines_of_one_long_expression_are_not_lost() -> None:
    def long(last: str) -> str:
        return table("t", "a text DEFAULT", "WHEN 1 THEN 2", f"WHEN 3 THEN {last}")

    assert compare_dumps(long("4"), long("5")) == Difference(changed=("table app.t",))


def test_what_comes_with_a_table_is_not_told_beside_it() -> None:
    new = table("c", "id integer")
    new += entry("c_id_seq", "SEQUENCE", "CREATE SEQUENCE app.c_id_seq;")
    new += entry("c_id_seq", "SEQUENCE OWNED BY", "ALTER SEQUENCE app.c_id_seq OWNED BY app.c.id;")
    new += entry(
        "c c_pkey", "CONSTRAINT", "ALTER TABLE ONLY app.c\n    ADD CONSTRAINT c_pkey PRIMARY KEY (id);"
    )
    new += entry("c_i", "INDEX", "CREATE INDEX c_i ON app.c USING btree (id);")
    new += entry("customer_i", "INDEX", "CREATE INDEX customer_i ON app.customer USING btree (id);")
    assert compare_dumps("", new).extra == ("table app.c", "index app.customer_i")


def test_objects_are_named_as_people_name_them() -> None:
    found = entry("orders orders_pkey", "CONSTRAINT", "ALTER TABLE ...") + entry("x", "SCHEMA", "...", "-")
    found += entry("citext", "EXTENSION", "...", "-") + entry("COLUMN orders.id", "COMMENT", "...")
    assert compare_dumps("", found).extra == (
        "constraint orders_pkey of app.orders",
        "schema x",
        "extension citext",
        "comment on column orders.id",
    )


def test_the_history_table_and_its_schema_are_left_out() -> None:
    found = entry("meta", "SCHEMA", "CREATE SCHEMA meta;", "-")
    found += entry("done", "TABLE", "CREATE TABLE meta.done (\n);", "meta")
    found += entry("done done_pkey", "CONSTRAINT", "ALTER TABLE ...", "meta")
    assert not compare_dumps("", found, ("meta", "done"))
    assert compare_dumps("", found, ("meta", "other")).extra == ("table meta.done",)


def test_of_many_names_five_are_told_and_the_rest_counted() -> None:
    words = {"extra": "more", "missing": "less", "changed": "other"}
    assert Difference(("a", "b"), ("c",)).describe(**words) == "more a, b; less c"
    assert (
        Difference(tuple("abcdefg"), ("h",)).describe(**words) == "more a, b, c, d, e and 2 more; less 1 more"
    )
    assert Difference(changed=("a",), reordered=("b",)).describe(**words) == "other a, b"


def test_the_first_line_that_differs_is_a_line_of_the_text() -> None:
    assert first_difference("a\nb\nc\n", "a\nx\nc\n") == 2
    assert first_difference("a\n", "a\nb\nc\n") == 2
    assert first_difference("a\nb\nc", "a\nb") == 2


def function(body: str, language: str = "plpgsql", kind: str = "FUNCTION") -> str:
    text = f"CREATE {kind} app.f() RETURNS integer\n    LANGUAGE {language}\n    AS $$"
    return entry("f()", kind, f"{text}{body}$$;")


@pytest.mark.parametrize(
    ("expected", "found", "names"),
    [
        (function("BEGIN END"), function("\nBEGIN -- nothing\nEND"), {"function app.f()"}),
        (function("select 1", "sql"), function("select  1", "sql"), {"function app.f()"}),
        (
            function("BEGIN END", kind="PROCEDURE"),
            function("BEGIN  END", kind="PROCEDURE"),
            {"procedure app.f()"},
        ),
        (function("BEGIN END"), function("BEGIN RETURN; END"), set()),
        (function("a b", "plpython3u"), function("a  b", "plpython3u"), set()),
        (function("BEGIN END"), "", set()),
        (ORDERS, ORDERS.replace("note text", "note  text"), set()),
        (
            entry("TABLE orders", "COMMENT", "COMMENT ON TABLE app.orders IS 'a';"),
            entry("TABLE orders", "COMMENT", "COMMENT ON TABLE app.orders IS 'b';"),
            {"comment on table app.orders"},
        ),
        (
            "",
            entry("TABLE orders", "COMMENT", "COMMENT ON TABLE app.orders IS 'b';"),
            {"comment on table app.orders"},
        ),
    ],
)
def test_what_differs_in_layout_alone_is_known(expected: str, found: str, names: set[str]) -> None:
    assert layout_differences(HEAD + expected, HEAD + found) == names


LIKE_A_HEADER = "--\n-- Name: x; Type: TABLE; Schema: app; Owner: -\n--\n"
BODY = "begin\n{0}\n" + LIKE_A_HEADER + "\nSET default_tablespace = '';\n{0}\nend"


@pytest.mark.parametrize(
    "opening",
    ["$$", "$_$", "'", "E'\\\\ \\' ''"],
    ids=["dollar", "tag", "string", "escapes"],
)
def test_a_header_inside_of_a_body_begins_no_object(opening: str) -> None:
    closing = opening if opening.startswith("$") else "'"

    def made(line: str) -> str:
        body = BODY.format(line)
        return entry("f()", "FUNCTION", f"CREATE FUNCTION app.f() AS {opening}{body}{closing};") + ORDERS

    assert compare_dumps(made("1"), made("2")) == Difference(changed=("function app.f()",))
    # The line before the one that looks like a header is of the body too.
    assert compare_dumps(made("SET default_tablespace = '';"), made("")).changed == ("function app.f()",)
    assert compare_dumps("", made("1")).extra == ("function app.f()", "table app.orders")


def test_names_with_blanks_are_cut_where_the_table_ends() -> None:
    odd = table("odd table", "i integer", written='"odd table"')
    more = entry("odd table a key", "CONSTRAINT", "ALTER TABLE ...") + entry("odd table p", "POLICY", "...")
    assert compare_dumps(odd, odd + more).extra == (
        "constraint a key of app.odd table",
        "policy p of app.odd table",
    )
    assert compare_dumps("", odd + more).extra == ("table app.odd table",)


def test_what_only_mentions_a_new_table_is_told_beside_it() -> None:
    other = table("other", "i integer")
    more = entry(
        "other other_fk", "FK CONSTRAINT", "ALTER TABLE app.other ... REFERENCES app.orders(id);"
    ) + entry(
        "other open", "POLICY", "CREATE POLICY open ON app.other USING (EXISTS (SELECT FROM app.orders));"
    )
    more += entry("orders x i", "INDEX", 'CREATE INDEX "orders x i" ON app."orders x" USING btree (i);')
    assert compare_dumps(other, other + ORDERS + more).extra == (
        "table app.orders",
        "fk constraint other_fk of app.other",
        "policy open of app.other",
        "index app.orders x i",
    )
