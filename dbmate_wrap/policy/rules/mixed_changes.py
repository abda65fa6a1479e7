"""Rule mixed-changes: objects which nothing in the migration connects are several changes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dbmate_wrap.policy.hit import Hit
from dbmate_wrap.sql.bodies import bodies
from dbmate_wrap.sql.changes import may_free_others, names_its_objects, new_names, removes
from dbmate_wrap.sql.named import Named, parts_of
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import pb
from dbmate_wrap.sql.objects import objects
from dbmate_wrap.sql.parse import Statement

_Key = tuple[str, str, str]

_HINT = "one change per migration: move what belongs to another one into a file of its own"
# Types of well-known extensions: that two tables have columns of one of them connects nothing.
_COMMON_TYPES = frozenset(
    {
        *("citext", "cube", "hstore", "isbn", "isbn13", "lquery", "ltree", "ltxtquery", "seg"),
        *("box2d", "box3d", "geography", "geometry", "raster", "halfvec", "sparsevec", "vector"),
    }
)


@dataclass(frozen=True, eq=False)
class _Change:
    """One statement, in the order of the file, and the objects that it names; the main one comes first."""

    block: int
    statement: Statement

    @cached_property
    def parts(self) -> tuple[Statement, ...]:
        return tuple(nested_statements(self.statement))

    @cached_property
    def named(self) -> tuple[Named, ...]:
        return tuple(named for part in self.parts for named in (*_objects(part), *new_names(part)))

    @cached_property
    def names_its_objects(self) -> bool:
        return any(names_its_objects(part.tree) for part in self.parts) and bool(self.named)


@dataclass
class _Graph:
    """Sets of objects that belong together."""

    parents: dict[_Key, _Key] = field(default_factory=dict)

    def root(self, key: _Key) -> _Key:
        while (parent := self.parents.setdefault(key, key)) != key:
            self.parents[key] = self.parents[parent]
            key = parent
        return key

    def join(self, keys: Iterable[_Key]) -> None:
        roots = [self.root(key) for key in keys]
        for root in roots[1:]:
            self.parents[root] = self.root(roots[0])


def find(blocks: Sequence[Sequence[Statement]]) -> Iterator[tuple[int, Hit]]:
    """Hits with the index of their block, at the first statement of the second and each further change.

    `blocks` are the migrate:up blocks of one file. Objects in one statement belong together; so do objects of
    a schema that the file creates, objects that the bodies of its functions mention, and what it removes.
    """
    changes = [_Change(index, one) for index, block in enumerate(blocks) for one in block]
    # Most files have one statement, and to read what it names takes a while.
    if len(changes) < 2 or sum(1 for change in changes if change.names_its_objects) < 2:
        return
    graph = _connected(changes)
    if len(_starts(changes, graph)) > 1:
        # Rarely needed, and it costs more.
        changes = [change for change in changes if not _is_opaque(change.statement)]
        _connect_by_calls(changes, graph)
        starts = _starts(changes, graph)
        for change in starts[1:]:
            message = (
                f"changes {starts[0].named[0].full} and {change.named[0].full}, which nothing here connects"
            )
            yield change.block, Hit("mixed-changes", change.statement.offset, message, _HINT)


def _starts(changes: Sequence[_Change], graph: _Graph) -> list[_Change]:
    """The first change of each set of connected objects."""
    firsts: dict[_Key, _Change] = {}
    for change in changes:
        if change.names_its_objects:
            firsts.setdefault(graph.root(change.named[0].key), change)
    return list(firsts.values())


def _connected(changes: Sequence[_Change]) -> _Graph:
    graph = _Graph()
    for change in changes:
        graph.join(named.key for named in change.named)
    _connect_unqualified(graph)
    parts = [part.tree for change in changes for part in change.parts]
    created = [tree for tree in parts if isinstance(tree, pb.CreateSchemaStmt)]
    for schema in {str(tree.schemaname or tree.authrole.rolename) for tree in created}:
        graph.join([key for key in graph.parents if key[1] == schema])
    trees = [(change, part.tree) for change in changes for part in change.parts]
    if any(may_free_others(tree) for _, tree in trees):
        graph.join(change.named[0].key for change, tree in trees if removes(tree) and change.named)
    return graph


def _connect_unqualified(graph: _Graph) -> None:
    """A name without a schema may be any of those that are spelled like it."""
    spelled: dict[tuple[str, str], list[_Key]] = {}
    for key in graph.parents:
        spelled.setdefault((key[0], key[2]), []).append(key)
    for (space, name), keys in spelled.items():
        if (space, "", name) in graph.parents:
            graph.join(keys)


def _objects(statement: Statement) -> Iterator[Named]:
    return (one for one in objects(statement) if one.kind != "type" or one.name not in _COMMON_TYPES)


def _is_opaque(statement: Statement) -> bool:
    """True for a new function whose body does not show the objects that it uses."""
    tree = statement.tree
    if not isinstance(tree, pb.CreateFunctionStmt) or tree.HasField("sql_body"):
        return False
    return not bodies(statement) or re.search(r"\bexecute\b", statement.text, re.IGNORECASE) is not None


def _connect_by_calls(changes: Sequence[_Change], graph: _Graph) -> None:
    """Connect a statement with what the functions that it makes mention, and with functions that it calls."""
    functions: dict[str, list[_Key]] = {}
    relations: dict[str, _Key] = {}
    for key in tuple(graph.parents):
        if key[0] == "function":
            functions.setdefault(key[2], []).append(key)
        elif key[0] == "relation" and key[1]:
            relations[f"{key[1]}.{key[2]}"] = key
    for change in changes:
        makes_function = isinstance(change.statement.tree, pb.CreateFunctionStmt)
        inner = (
            (one for body in bodies(change.statement) for one in body.statements) if makes_function else ()
        )
        found = (key for part in (*change.parts, *inner) for key in _mentioned(part, functions, relations))
        graph.join([*(named.key for named in change.named), *found])
    _connect_unqualified(graph)


def _mentioned(
    part: Statement, functions: Mapping[str, list[_Key]], relations: Mapping[str, _Key]
) -> Iterator[_Key]:
    yield from (named.key for named in _objects(part))
    names = [parts_of(call.funcname) for call in part.of(pb.FuncCall)]
    if isinstance(part.tree, pb.DefineStmt):
        # So the grammar reads the functions of an aggregate or an operator.
        names += [parts_of(node.names) for node in part.of(pb.TypeName)]
    for name in names:
        schema = "".join(name[-2:-1])
        yield from (key for key in functions.get(name[-1], ()) if not (schema and key[1]) or key[1] == schema)
    for node in part.of(pb.A_Const):
        if node.sval.sval in relations:
            yield relations[node.sval.sval]
