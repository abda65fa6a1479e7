"""A statement with its tree, and the translation of the parser's locations into characters of the text."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.sql_lexer import tokens

_WORD = re.compile(r"(?<![\w$.])[\w$]+")
_SCALARS = frozenset({int, str, bool, float, bytes})
# Half of all nodes; they hold no location and nothing that a rule needs.
_PLAIN = frozenset({"string", "integer", "float", "boolean", "bit_string", "a_star"})
# The only nodes that are kept once a tree was walked: of 10 MB of SQL the rest would take gigabytes.
_INDEXED = frozenset(
    {
        *(pb.A_Const, pb.ColumnDef, pb.CommonTableExpr, pb.DefElem, pb.FuncCall, pb.IntoClause),
        *(pb.LockingClause, pb.RangeVar, pb.TypeCast, pb.TypeName),
        *(pb.SelectStmt, pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt),
        *(pb.CopyStmt, pb.TruncateStmt, pb.CreateTableAsStmt, pb.ExecuteStmt),
    }
)


@dataclass(frozen=True, eq=False)
class PlacedText:
    """A part of what was read: `text` from its character `offset` on.

    `places` are the places of the characters of `text` if it is not written like that in what was read
    (doubled quotes); empty if it is not written there at all (dynamic).
    """

    text: str = field(repr=False)
    offset: int
    places: Sequence[int] | None = field(default=None, repr=False, kw_only=True)

    def place(self, index: int) -> int:
        """Return the place of the character `index` of `text` in what was read."""
        if self.places is None:
            return self.offset + min(index, len(self.text))
        return self.places[min(index, len(self.places) - 1)] if self.places else self.offset

    def placed(self, statement: "Statement", index: int) -> "Statement":
        """Return a statement that was read from `text` from `index` on, with its place in what was read."""
        begin = index + statement.offset
        places = None if self.places is None else self.places[begin : begin + len(statement.text)]
        return replace(statement, offset=self.place(begin), places=places)


@dataclass(frozen=True, eq=False)
class Statement(PlacedText):
    """One statement: `text` from its first token to its last.

    `tree` is the concrete statement (pb.InsertStmt, ...). `start` is where `text` begins for the parser, in
    bytes: the zero of its locations.
    """

    tree: Message = field(repr=False)
    start: int = 0
    # Read once for all the rules (`bodies`); empty before that.
    known_bodies: "list[tuple[Body, ...]]" = field(default_factory=list, init=False, repr=False)

    @cached_property
    def _index(self) -> Mapping[type[Message], Sequence[Message]]:
        found: dict[type[Message], list[Message]] = {}
        for node in self.walk():
            kind = type(node)
            if kind in _INDEXED and (kind is not pb.A_Const or node.HasField("sval")):
                found.setdefault(kind, []).append(node)
        return found

    def of(self, *types: type[Message]) -> Iterator[Message]:
        """Yield the messages of these types, type by type, in the order of the walk; only quoted constants.

        The types must be in _INDEXED: a rule that needs another one adds it there.
        """
        assert _INDEXED.issuperset(types), "not in the index"
        return chain.from_iterable(self._index.get(kind, ()) for kind in types)

    def walk(self) -> Iterator[Message]:
        """Yield every message of the tree, `tree` first, without names, lists of names and plain numbers."""
        stack = [self.tree]
        while stack:
            node = stack.pop()
            if type(node) is pb.Node:
                what = node.WhichOneof("node")
                if what is None or what in _PLAIN:
                    continue
                node = getattr(node, what)
            yield node
            if type(node) is pb.A_Const:
                continue
            for _, value in reversed(node.ListFields()):
                if type(value) in _SCALARS:
                    continue
                if isinstance(value, Message):
                    stack.append(value)
                else:
                    stack += reversed(value)

    def at(self, location: int) -> int:
        """Return the character in the text that was read for a parser's `location` in bytes.

        An unknown location (-1) is the statement's beginning.
        """
        within = location - self.start
        if within <= 0:
            return self.offset
        if not self.text.isascii():
            within = bisect_left(self._byte_starts, within)
        return self.place(within)

    @cached_property
    def first_words(self) -> Mapping[str, int]:
        """The index in `text` of the first of each word, in lower case, without a dot before it."""
        found: dict[str, int] = {}
        for word in _WORD.finditer(self.text):
            found.setdefault(word.group().lower(), word.start())
        return found

    @cached_property
    def _byte_starts(self) -> list[int]:
        return [0, *accumulate(len(character.encode()) for character in self.text)]


@dataclass(frozen=True, slots=True)
class Body:
    """The code of a DO block or a function, with offsets in the text that holds it.

    `commits` are the offsets of COMMIT and ROLLBACK in PL/pgSQL, `unread` those of code that is too deep or
    too long to be read. Expressions are SELECT statements.
    """

    language: str
    statements: tuple[Statement, ...]
    commits: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()


def statements_of(raw: Sequence[pb.RawStmt], sql: str, offset: int) -> Iterator[Statement]:
    """Yield the parser's statements of `sql`, which begins at character `offset` of the text that is read."""
    data = sql.encode() if not sql.isascii() else b""
    byte = character = 0
    for statement in raw:
        start = statement.stmt_location
        end = start + statement.stmt_len if statement.stmt_len else None
        if data:
            character += len(data[byte:start].decode())
            byte, text = start, data[start:end].decode()
        else:
            character, text = start, sql[start:end]
        yield Statement(_without_tail(text), offset + character, unwrap(statement.stmt), start)


def _without_tail(text: str) -> str:
    """Return the text up to its last token; the parser's span includes the comments up to the semicolon."""
    text = text.rstrip(" \t\n\r\f\v")
    last_line = max(text.rfind("\n"), text.rfind("\r"), 0)
    if not text.endswith("*/") and text.find("--", last_line) < 0:
        return text
    return text[: max((token.end for token in tokens(text)), default=0)]


def unwrap(node: Message) -> Message:
    """Return the concrete message in a Node; any other message unchanged."""
    if type(node) is not pb.Node:
        return node
    fields = node.ListFields()
    return fields[0][1] if fields else node
