"""Rule drops-before-rollout: what old code may still use is taken away after the rollout."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.policy.hit import Hit
from dbmate_wrap.sql.named import may_be_same_schema
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import pb
from dbmate_wrap.sql.parse import Statement
from dbmate_wrap.sql.taken import Made, Taken, made_by, taken_by

_HINT = (
    f"move it into a migration of its own, with `{PHASE_COMMENT}` on the line before `-- migrate:up`:"
    " `up --phase before` leaves that for the time after the rollout"
)
# A text without one of these takes nothing away, or makes nothing; most texts are without the first.
_TAKING = ("drop", "rename", "schema")
_MAKING = ("create", "into", "rename", "schema")


@dataclass
class MadeObjects:
    """The relations and types that migrations have made, by name and schema ("" where they name none)."""

    schemas_of: dict[str, set[str]] = field(default_factory=dict)

    def add(self, text: str, statements: Iterable[Statement]) -> None:
        """Add what the statements of `text` (in lower case) make, and what lasts; in DO blocks too."""
        for made in _made(statements) if any(word in text for word in _MAKING) else ():
            # A name of underscores stands for one that only the running block knows.
            if made.lasts and not made.column and made.name.strip("_"):
                self.schemas_of.setdefault(made.name, set()).add(made.schema)

    def update(self, other: "MadeObjects") -> None:
        """Add all that `other` has."""
        for name, schemas in other.schemas_of.items():
            self.schemas_of.setdefault(name, set()).update(schemas)

    def has(self, taken: Taken) -> bool:
        """Return whether it is there, or anything in it where it is a schema."""
        if not taken.name:
            return any(taken.schema in schemas for schemas in self.schemas_of.values())
        return _fits(taken.schema, self.schemas_of.get(taken.name, ()))


def find(
    blocks: Sequence[tuple[str, Sequence[Statement]]], earlier: MadeObjects
) -> Iterator[tuple[int, Hit]]:
    """One hit per statement that takes away what `earlier` has, with the index of its block; in DO too.

    `blocks` are the texts, in lower case, and the statements of the migrate:up blocks of one file. What the
    file itself makes, or makes again under the old name, is no hit.
    """
    if not earlier.schemas_of or not any(word in text for text, _ in blocks for word in _TAKING):
        return
    here: dict[tuple[str, str], set[str]] = {}
    for made in _made(statement for _, statements in blocks for statement in statements):
        here.setdefault((made.name, made.column), set()).add(made.schema)
    for index, (_, statements) in enumerate(blocks):
        for statement in statements:
            taken = [each for part in _parts(statement) for each in taken_by(part.tree)]
            found = [each.described for each in taken if earlier.has(each) and not _is_made_here(each, here)]
            if found:
                message = f"{', '.join(found)}, which code that runs until the rollout may still use"
                yield index, Hit("drops-before-rollout", statement.offset, message, _HINT)


def _is_made_here(taken: Taken, here: dict[tuple[str, str], set[str]]) -> bool:
    keys = {(taken.name, ""), (taken.name, taken.column)}
    return any(_fits(taken.schema, here.get(key, ())) for key in keys)


def _fits(schema: str, schemas: Iterable[str]) -> bool:
    """Return whether a name in `schema` may be one of those in `schemas`."""
    return any(may_be_same_schema(schema, each) for each in schemas)


def _made(statements: Iterable[Statement]) -> Iterator[Made]:
    for statement in statements:
        for part in _parts(statement):
            yield from made_by(part.tree)


def _parts(statement: Statement) -> Iterable[Statement]:
    # Nearly every statement is no DO block, and this is done for each one of all migrations.
    return nested_statements(statement) if type(statement.tree) is pb.DoStmt else (statement,)
