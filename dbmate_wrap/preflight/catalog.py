"""What must be, or must not be, in the database and on the server's disk."""

from dbmate_wrap.domain.health import InvalidIndex
from dbmate_wrap.preflight.context import Situation, told
from dbmate_wrap.preflight.verdict import Verdict, failed, listed, passed, skipped, warned


def extensions(situation: Situation) -> Verdict:
    """The server offers what pending migrations create."""
    wanted = situation.context.extensions
    if wanted is None:
        return skipped("the SQL parser is missing, so nobody knows which extensions are needed")
    missing = told(situation.health.missing_extensions)
    if missing:
        return failed(
            f"pending migrations create extensions that the server does not have: {listed(missing)}",
            "install them on the server (Debian: postgresql-contrib or a package of their own)",
        )
    return passed(f"the server has {listed(tuple(sorted(wanted)))}" if wanted else "none is needed")


def invalid_indexes(situation: Situation) -> Verdict:
    """What a failed concurrent build leaves behind is paid for by every write and used by no query.

    A migration that builds an index of that name again would find the name taken; with IF NOT EXISTS it would
    even count as applied, and the index stay invalid.
    """
    invalid = told(situation.health.invalid_indexes)
    if not invalid:
        return passed("none")
    in_the_way = tuple(index.quoted for index in invalid if _is_built(index, situation.context.indexes))
    if in_the_way:
        return failed(
            f"pending migrations build indexes whose names are taken by invalid ones: {listed(in_the_way)}",
            "; ".join(f"drop index concurrently {name}" for name in in_the_way[:5]),
        )
    names = tuple(index.quoted for index in invalid)
    return warned(
        f"invalid indexes, left behind by builds that failed: {listed(names)}",
        f"drop or rebuild each: drop index concurrently {names[0]}, reindex index concurrently {names[0]}",
    )


def _is_built(index: InvalidIndex, built: frozenset[tuple[str, str]]) -> bool:
    return (index.schema, index.name) in built or (index.visible and ("", index.name) in built)
