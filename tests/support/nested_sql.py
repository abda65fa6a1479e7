"""Statements that are nested as deeply as one likes, one kind for each construct that can hold another."""

from dbmate_wrap.sql.nesting import nesting_of

# Before the part that repeats, that part, the middle, what closes each, and the end.
_KINDS = {
    "addition": ("select 1", "+1", "", "", ""),
    "concatenation": ("select a", "||a", "", "", ""),
    "cast": ("select 1", "::a", "", "", ""),
    "collate": ("select 'a'", " collate b", "", "", ""),
    "is null": ("select 1", " is null", "", "", ""),
    "named operator": ("select 1", " operator(a.+) 1", "", "", ""),
    "time zone": ("select a", " at time zone b", "", "", ""),
    "cross join": ("select 1 from a", " cross join a", "", "", ""),
    "union": ("select 1", " union select 1", "", "", ""),
    "minus": ("select ", "- ", "a", "", ""),
    "signs": ("select ", "+-", "a", "", ""),
    "root": ("select ", "|/ ", "1", "", ""),
    "not": ("select ", "not ", "a", "", ""),
    "parentheses": ("select ", "(", "1", ")", ""),
    "query in parentheses": ("", "(", "select 1", ")", ""),
    "array": ("select array", "[", "1", "]", ""),
    "array of query": ("select ", "array(select ", "1", ")", ""),
    "row": ("select ", "(1,", "1", ")", ""),
    "row()": ("select ", "row(", "1", ")", ""),
    "subscript": ("select ", "a[", "1", "]", ""),
    "call": ("select ", "f(", "1", ")", ""),
    "named argument": ("select ", "f(a => ", "1", ")", ""),
    "cast()": ("select ", "cast(", "1", " as a)", ""),
    "coalesce": ("select ", "coalesce(", "1", ")", ""),
    "subselect": ("select ", "(select ", "1", ")", ""),
    "exists": ("select ", "exists(select ", "1", ")", ""),
    "in": ("select ", "1 in (", "1", ")", ""),
    "any": ("select ", "1 = any(", "1", ")", ""),
    "like": ("select ", "a like (", "a", ")", ""),
    "case argument": ("select ", "case ", "1", " when 1 then 1 end", ""),
    "case when": ("select ", "case when ", "1", " then 1 end", ""),
    "case else": ("select ", "case when 1 then 1 else ", "1", " end", ""),
    "negated case": ("select ", "- - case when a or ", "1", " then 1 end", ""),
    "between": ("select ", "1 between 1 and not ", "1", "", ""),
    "or and": ("select ", "a or (a and (", "a", "))", ""),
    "derived table": ("select 1 from ", "(select 1 from ", "a", ") a", ""),
    "join in parentheses": ("select 1 from ", "(a cross join ", "a", ")", ""),
    "join to the right": ("select 1 from ", "a join ", "a", " on true", ""),
    "union in parentheses": ("", "(select 1 union ", "select 1", ")", ""),
    "limit": ("", "(select 1 limit ", "1", ")", ""),
    "values": ("values (", "(values (", "1", "))", ")"),
    "with": ("", "with a as (", "select 1", ") select 1", ""),
    "insert in with": ("", "with a as (insert into b ", "select 1", ") select 1", ""),
    "grouping sets": ("select 1 group by ", "grouping sets (", "a", ")", ""),
    "cube": ("select 1 group by ", "cube(", "a", ")", ""),
    "window": ("select ", "f() over (order by ", "1", ")", ""),
    "aggregate order": ("select ", "f(1 order by ", "1", ")", ""),
    "filter": ("select ", "f() filter (where ", "true", ")", ""),
    "lateral": ("select 1 from f(", "(select 1 from f(", "1", "))", ")"),
    "xml": ("select ", "xmlelement(name a, ", "1", ")", ""),
    "json array": ("select ", "json_array(", "1", ")", ""),
    "json object": ("select ", "json_object(1:", "1", ")", ""),
    "json table": (
        "select 1 from json_table(a, '$' columns (",
        "nested '$' columns (",
        "a int",
        ")",
        "))",
    ),
    "begin atomic": ("", "create function f() returns int begin atomic ", "select 1; ", "end; ", ""),
    "index expression": ("create index on a ((", "f(", "a", ")", "))"),
}
# Long, and for the parser a list all the same.
_FLAT = {
    "or chain": ("select 1 where a = 1", " or a = 1"),
    "and chain": ("select 1 where a = 1", " and a = 1"),
    "in list": ("select a in (1", ", 1"),
    "rows": ("insert into t values (1, 'x', null)", ", (1, 'x', null)"),
    "calls": ("select f(1)", ", f(a, 1)"),
    "case branches": ("select case a", " when 1 then 'x'"),
    "columns": ("create table t (a int", ", b int not null default 1"),
}
_ENDS = {"in list": ")", "case branches": " end", "columns": ")"}
KINDS = tuple(_KINDS)
FLAT_KINDS = tuple(_FLAT)


def nested_sql(kind: str, levels: int) -> str:
    """Return a statement with so many levels of the kind, one of `KINDS`."""
    before, opening, middle, closing, after = _KINDS[kind]
    return f"{before}{opening * levels}{middle}{closing * levels}{after}"


def flat_sql(kind: str, items: int) -> str:
    """Return a statement with a list of so many items, one of `FLAT_KINDS`."""
    first, more = _FLAT[kind]
    return f"{first}{more * items}{_ENDS.get(kind, '')}"


def depth_of(sql: str) -> int:
    """Return the levels that are counted in the whole statement."""
    return nesting_of(sql, 10**9).depth


def levels_below(kind: str, depth: int) -> int:
    """Return how often the kind repeats in the deepest statement that counts as less than `depth` levels."""
    base, more = (depth_of(nested_sql(kind, levels)) for levels in (50, 150))
    return (depth - base) * 100 // (more - base) + 49
