"""Checks of what pending migrations need: privileges, extensions, and names of indexes that are free."""

from dataclasses import dataclass

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.ownership import ways_out
from dbmate_wrap.domain.server_facts import InvalidIndex, Privileges
from dbmate_wrap.preflight.check import CheckInput, CheckResult, fact, failed, passed, skipped, warned
from dbmate_wrap.sql.requirements import Requirements


@dataclass(frozen=True)
class _Lack:
    """A privilege that is missing, and what grants it, without the `to ...`."""

    what: str
    grant: str


def privileges(given: CheckInput) -> CheckResult:
    """Fail where the account cannot write the history, or create what pending migrations create."""
    context = given.context
    needs = context.needs or Requirements()
    held = fact(given.facts.privileges)
    user = context.account
    certain, doubtful = _for_history(given, held), _for_migrations(given, held, needs)
    if not needs.changes_privileges:
        certain, doubtful = certain + doubtful, []
    if certain:
        hint = f"have the owner run: {_grants(certain, user)}"
        return failed(f"{user} lacks {_words(certain)}", hint)
    if held.not_owned:
        names = join_names([each.label for each in held.not_owned])
        message = f"pending migrations change what {user} may not: {names}"
        result = warned if needs.changes_privileges else failed
        return result(message, ways_out(held.not_owned, user))
    if doubtful:
        return warned(
            f"{user} lacks {_words(doubtful)}; pending migrations change roles or privileges themselves",
            "see whether they do so in time",
        )
    if context.needs is None:
        return skipped("the history table can be written; without the SQL parser no more is known")
    return passed(f"{user} has all that is needed")


def role(given: CheckInput) -> CheckResult:
    """Warn where the history table does not belong to the role of the settings: what it makes then does."""
    wanted, held = given.context.role, fact(given.facts.privileges)
    if wanted is None:
        return passed("the account migrates as itself")
    owner = held.history_owner
    if owner in (None, wanted):
        return passed(f"{given.context.url.user} migrates as {wanted}")
    table = f"{quoted(given.context.history_schema)}.{quoted(given.context.history_table)}"
    return warned(
        f"the history table belongs to {owner}, and the migrations run as {wanted}",
        f"is the role of the settings right? Else: alter table {table} owner to {quoted(wanted)}",
    )


def extensions(given: CheckInput) -> CheckResult:
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
    if untrusted := fact(given.facts.untrusted_extensions):
        names = "; ".join(f"create extension {quoted(name)}" for name in untrusted)
        return warned(
            f"only a superuser makes these extensions, unless the provider lets {given.context.account}:"
            f" {join_names(untrusted)}",
            f"have a superuser run once in this database: {names}; and write CREATE EXTENSION IF NOT EXISTS",
        )
    wanted = join_names(sorted(needs.extensions))
    return passed(f"the server has {wanted}" if wanted else "none is needed")


def invalid_indexes(given: CheckInput) -> CheckResult:
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


def pending_detach(given: CheckInput) -> CheckResult:
    """Warn of partitions pending detach: their table takes no other, and no query sees their rows."""
    detaching = fact(given.facts.detaching)
    if not detaching:
        return passed("none")
    return warned(
        f"partitions pending detach (a DETACH ... CONCURRENTLY was cut off, or is still at work):"
        f" {join_names([one.name for one in detaching])}",
        "; ".join(one.finish for one in detaching[:5]),
    )


def _for_history(given: CheckInput, held: Privileges) -> list[_Lack]:
    context = given.context
    schema, table = context.history_schema, f"{context.history_schema}.{context.history_table}"
    if not held.history_schema_exists:
        return [] if held.create_schema else [_database(given, f"to make the schema {schema}")]
    # dbmate 2.37.0 always says `create table if not exists`, which wants CREATE even where the table exists.
    lacking = [] if held.history_schema_open else [_schema(schema)]
    # Only a rollback takes versions out.
    needed = [name for name in held.history_missing if name != "DELETE" or context.rollback]
    on = f"{quoted(schema)}.{quoted(context.history_table)}"
    return lacking + [_Lack(f"{name} on {table}", f"{name.lower()} on {on}") for name in needed]


def _for_migrations(given: CheckInput, held: Privileges, needs: Requirements) -> list[_Lack]:
    lacking = [_schema(name) for name in held.closed_schemas]
    if "" in needs.schemas and not held.has_current_schema:
        lacking.append(_Lack("USAGE on any schema of its search_path", "usage, create on schema ..."))
    if needs.makes_schema and not held.create_schema:
        lacking.append(_database(given, "to make schemas"))
    return lacking


def _schema(name: str) -> _Lack:
    return _Lack(f"CREATE and USAGE on the schema {name}", f"create, usage on schema {quoted(name)}")


def _database(given: CheckInput, why: str) -> _Lack:
    name = given.context.url.database
    return _Lack(f"CREATE on the database {name} {why}", f"create on database {quoted(name)}")


def _words(lacking: list[_Lack]) -> str:
    return join_names(list(dict.fromkeys(lack.what for lack in lacking)))


def _grants(lacking: list[_Lack], user: str) -> str:
    grants = list(dict.fromkeys(lack.grant for lack in lacking))[:10]
    return "; ".join(f"grant {grant} to {quoted(user)}" for grant in grants)


def _is_built(index: InvalidIndex, built: frozenset[tuple[str, str]]) -> bool:
    return (index.schema, index.name) in built or (index.visible and ("", index.name) in built)
