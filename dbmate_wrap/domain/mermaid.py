"""Writes tables and foreign keys as an erDiagram of Mermaid, which any name in them leaves valid."""

import re
from collections.abc import Collection, Iterator, Sequence

from dbmate_wrap.domain.entities import Entity, EntityColumn, EntitySchema, ForeignKey

# What Mermaid draws where nobody has configured more: maxTextSize in characters, and maxEdges.
MOST_CHARACTERS = 50_000
MOST_EDGES = 500
# In a quoted text everything else is written by its number: quotes, `%%{` (a directive), `<`, white space
# (`direction TB` is read in quotes too), and what Markdown means.
_PLAIN = re.compile(r"[^\W_]|(?<=[^\W_])_(?=[^\W_])|-")
# As all versions from 10 on read the type and the name of a column, in ASCII; PK is a key wherever it ends.
_WORD = re.compile(r"[a-z_]\w*(?:\(\d+\))?(?:\[\])*", re.IGNORECASE | re.ASCII)
_NOT_IN_WORD = re.compile(r"\W", re.ASCII)
_NOT_IN_TYPE = re.compile(r"[^\w()\[\]]", re.ASCII)
_KEY = re.compile(r"[pfu]k\b", re.IGNORECASE | re.ASCII)
_SHORT_TYPES = (
    (re.compile(r"^timestamp(\(\d+\))? with time zone"), r"timestamptz\1"),
    (re.compile(r"^timestamp(\(\d+\))? without time zone"), r"timestamp\1"),
    (re.compile(r"^time(\(\d+\))? with time zone"), r"timetz\1"),
    (re.compile(r"^time(\(\d+\))? without time zone"), r"time\1"),
    (re.compile(r"^character varying"), "varchar"),
    (re.compile(r"^character\b"), "char"),
    (re.compile(r"^bit varying"), "varbit"),
    (re.compile(r"^double precision"), "float8"),
)


def write_diagram(schema: EntitySchema, all_keys: Sequence[ForeignKey]) -> str:
    """Return the diagram: each table with its columns and keys, then a line for each foreign key.

    `all_keys` are those to tables that are not in it too: their columns are marked.
    """
    lines = ["erDiagram"]
    referring: dict[tuple[str, str], set[str]] = {}
    for key in all_keys:
        referring.setdefault(key.ends[0], set()).update(key.columns)
    for entity in schema.entities:
        lines += _entity(entity, referring.get(entity.place, set()))
    by_place = {each.place: each for each in schema.entities}
    lines += [_relationship(key, by_place[key.ends[0]]) for key in schema.foreign_keys]
    return "\n".join(lines) + "\n"


def _entity(entity: Entity, referring: Collection[str]) -> Iterator[str]:
    yield f"    {_name(entity.place)} {{"
    for column in entity.columns:
        yield f"        {_column(column, _keys(entity, column.name, referring))}"
    yield "    }"


def _keys(entity: Entity, column: str, referring: Collection[str]) -> str:
    is_unique = (column,) in entity.unique and entity.primary_key != (column,)
    kinds = (("PK", column in entity.primary_key), ("FK", column in referring), ("UK", is_unique))
    return ", ".join(kind for kind, is_so in kinds if is_so)


def _column(column: EntityColumn, keys: str) -> str:
    """Return type, name and keys; in quotes after them what type or name are, where they are no words."""
    short = column.type
    for pattern, word in _SHORT_TYPES:
        short = pattern.sub(word, short)
    # A type's schema is left out; a quoted name may have a dot of its own.
    bare = short if '"' in short else short.rpartition(".")[2]
    type_, name = _word(bare, is_type=True), _word(column.name)
    real = [text for text, word in ((column.name, name), (bare, type_)) if text != word or _is_emphasis(word)]
    comment = f'"{", ".join(_quoted(text, "(), .[]") for text in real)}"' if real else ""
    return " ".join(part for part in (type_, name, keys, comment) if part)


def _is_emphasis(word: str) -> bool:
    """Return True for what Markdown, which Mermaid takes it for, shows without its underscores."""
    return word.startswith("_") and word.endswith("_")


def _word(text: str, *, is_type: bool = False) -> str:
    """Return the text as one word that Mermaid reads as a name; the text itself where it is one."""
    if is_type:
        # `numeric(12,2)`: a comma is none in older versions.
        text = _NOT_IN_TYPE.sub("_", re.sub(r"\([^)]*,[^)]*\)", "", text))
    else:
        text = _NOT_IN_WORD.sub("_", text)
    if _WORD.fullmatch(text) and not _KEY.match(text):
        return text
    return "_" + _NOT_IN_WORD.sub("_", text)


def _relationship(key: ForeignKey, child: Entity) -> str:
    """Return the line of a foreign key: at most one row refers where its columns are a unique key.

    Exactly one is referred to where none of its columns may be null. Where they are part of the primary key
    the line is drawn through: the row is nothing without the other one.
    """
    columns = {*key.columns}
    mandatory = all(each.not_null for each in child.columns if each.name in columns)
    unique = any(columns.issuperset(each) for each in child.unique)
    line = "--" if columns <= {*child.primary_key} else ".."
    ends = f"{'||' if mandatory else '|o'}{line}{'o|' if unique else 'o{'}"
    label = ", ".join(map(_quoted, key.columns))
    return f'    {_name(key.ends[1])} {ends} {_name(key.ends[0])} : "{label}"'


def _name(place: tuple[str, str]) -> str:
    """Return the table's name in quotes, with the schema but for `public`."""
    schema, table = place
    return f'"{_quoted(table)}"' if schema == "public" else f'"{_quoted(schema)}.{_quoted(table)}"'


def _quoted(text: str, also: str = "") -> str:
    """Return the text for between quotes; `also` has characters that need no number there."""
    parts, end = [], 0
    for found in _PLAIN.finditer(text):
        parts += [_numbered(each, also) for each in text[end : found.start()]]
        parts.append(found[0])
        end = found.end()
    parts += [_numbered(each, also) for each in text[end:]]
    return "".join(parts)


def _numbered(character: str, also: str) -> str:
    return character if character in also else f"#{ord(character)};"
