"""Rule unqualified-name: every object is named with its schema."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.objects import objects, offset_of
from dbmate_wrap.sql.parse import Statement


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement and name that has no schema; in DO blocks too, not in bodies of functions.

    A temporary relation has no schema to name, from where it is created.
    """
    temporary: set[str] = set()
    for statement in statements:
        seen: set[tuple[str, str, str]] = set()
        for part in nested_statements(statement):
            for named in objects(part):
                if named.temporary:
                    temporary.add(named.name)
                if named.schema or named.key in seen or named.name in temporary:
                    continue
                seen.add(named.key)
                message = f"{named.kind} {named.name} is named without its schema"
                hint = f"write it with its schema, as in public.{named.name}"
                yield Hit("unqualified-name", offset_of(named, part), message, hint)
