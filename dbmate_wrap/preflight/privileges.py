"""The check of the account's privileges."""

from dataclasses import dataclass

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.server_facts import Privileges
from dbmate_wrap.preflight.check import CheckInput, Verdict, fact, failed, join_names, passed, skipped, warned
from dbmate_wrap.sql.requirements import Requirements


@dataclass(frozen=True)
class _Lack:
    """A privilege that is missing, and what grants it, without the `to ...`."""

    what: str
    grant: str


def privileges(given: CheckInput) -> Verdict:
    """Fail where the account cannot write the history, or create what pending migrations create."""
    context = given.context
    needs = context.needs or Requirements()
    held = fact(given.facts.privileges)
    user = context.url.user
    certain, doubtful = _for_history(given, held), _for_migrations(given, held, needs)
    if not needs.changes_privileges:
        certain, doubtful = certain + doubtful, []
    if certain:
        hint = f"have the owner run: {_grants(certain, user)}"
        return failed(f"{user} lacks {_words(certain)}", hint)
    if doubtful:
        return warned(
            f"{user} lacks {_words(doubtful)}; pending migrations change roles or privileges themselves",
            "see whether they do so in time",
        )
    if context.needs is None:
        return skipped("the history table can be written; without the SQL parser no more is known")
    return passed(f"{user} has all that is needed")


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
