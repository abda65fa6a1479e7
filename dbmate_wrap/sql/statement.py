"""A statement with its tree, and the translation of the parser's locations into characters of the text."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """A text, and the places of its characters and of its end in what was read.

    The places are a range, but for text in doubled quotes; for text that is not written there like that
    (escapes, dynamic commands) there is one for all.
    """

    text: str = field(repr=False)
    places: Sequence[int] = field(repr=False)

    @property
    def offset(self) -> int:
        """The place where the text begins."""
        return self.places[0]

    def place(self, index: int) -> int:
        """Return the place of the character `index` of `text`."""
        return self.places[min(index, len(self.places) - 1)]

    def places_of(self, begin: int, end: int) -> Sequence[int]:
        """Return the places of the characters `begin` to `end`, and of the end."""
        return self.places[begin : end + 1] or self.places[-1:]


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
        """Return the place of a `location` in bytes that the parser gives; -1 is the beginning."""
        return self.place(self.index(location))

    def index(self, location: int) -> int:
        """Return the index in `text` of a parser's `location` in bytes."""
        within = max(location - self.start, 0)
        return within if self.text.isascii() else bisect_left(self._byte_starts, within)

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
    too long to be read, `swallows` those of handlers that swallow every error. Expressions are SELECT
    statements. `executes_unknown`: it has an EXECUTE of which no statement could be read.
    """

    language: str
    statements: tuple[Statement, ...]
    commits: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    swallows: tuple[int, ...] = ()
    executes_unknown: bool = False


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
        text, place = _without_tail(text), offset + character
        yield Statement(text, range(place, place + len(text) + 1), unwrap(statement.stmt), start)


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
