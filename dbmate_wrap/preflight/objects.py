"""Checks of objects: extensions that are needed, indexes that are invalid."""

from dbmate_wrap.domain.server_facts import InvalidIndex
from dbmate_wrap.preflight.check import CheckInput, Verdict, fact, failed, join_names, passed, skipped, warned


def extensions(given: CheckInput) -> Verdict:
    """Fail where pending migrations create an extension that the server does not offer."""
    needs = given.context.needs
    if needs is None:
        return skipped("the SQL parser is missing, so nobody knows which extensions are needed")
    missing = fact(given.facts.missing_extensions)
    if missing:
        return failed(
            f"pending migrations create extensions that the server does not have: {join_names(missing)}",
            "install them on the server (Debian: postgresql-contrib or a package of their own)",
        )
    wanted = join_names(sorted(needs.extensions))
    return passed(f"the server has {wanted}" if wanted else "none is needed")


def invalid_indexes(given: CheckInput) -> Verdict:
    """Warn of invalid indexes, which cost every write and serve no query; fail where one takes a needed name.

    A migration that builds an index of that name again would find the name taken; with IF NOT EXISTS it would
    even count as applied, and the index stay invalid.
    """
    invalid = fact(given.facts.invalid_indexes)
    if not invalid:
        return passed("none")
    built = given.context.needs.indexes if given.context.needs else frozenset()
    in_the_way = [index.quoted for index in invalid if _is_built(index, built)]
    if in_the_way:
        return failed(
            "pending migrations build indexes whose names are taken by invalid ones: "
            f"{join_names(in_the_way)}",
            "; ".join(f"drop index concurrently {name}" for name in in_the_way[:5]),
        )
    names = [index.quoted for index in invalid]
    return warned(
        f"invalid indexes, left behind by builds that failed: {join_names(names)}",
        f"drop or rebuild each: drop index concurrently {names[0]}, reindex index concurrently {names[0]}",
    )


def _is_built(index: InvalidIndex, built: frozenset[tuple[str, str]]) -> bool:
    return (index.schema, index.name) in built or (index.visible and ("", index.name) in built)
