"""Checks of sessions that a migration would wait for, collide with or fill up: clients and standbys."""

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.server_facts import Lag, Migrating, format_rounded
from dbmate_wrap.preflight.check import CheckInput, CheckResult, fact, passed, skipped, warned

_SEEN_BY = {
    "wrapped": "dbmate-wrap",
    "lock": "holds or wants dbmate's migration lock",
    "history": "is writing the history table",
    "query": "runs a migration of dbmate",
}


def other_migration(given: CheckInput) -> CheckResult:
    """Warn of plain dbmate, which takes no advisory lock; other runs of this tool do."""
    found = fact(given.facts.migrations)
    plain = [_migrating(session) for session in found if session.how != "wrapped"]
    if plain:
        return warned(
            f"another migration is running: {join_names(plain)}",
            "wait until it has ended: plain dbmate respects no lock",
        )
    if found:
        runs = join_names([_migrating(session) for session in found])
        return passed(f"no plain dbmate; the advisory lock keeps us apart from {runs}")
    return passed("none is running")


def long_transactions(given: CheckInput) -> CheckResult:
    """Warn of old transactions: the migration waits for them, and others queue up behind the migration."""
    seen = fact(given.facts.transactions)
    if seen.transactions:
        ends = "; ".join(f"select pg_terminate_backend({one.pid})" for one in seen.transactions[:5])
        return warned(
            f"open transactions: {join_names([one.label for one in seen.transactions])}",
            f"where nobody misses them, end them: {ends}",
        )
    if seen.hidden:
        return skipped(
            f"{seen.hidden} sessions of other roles cannot be looked into",
            f"to see them: grant pg_read_all_stats to {given.context.account}",
        )
    return passed("none is older than a minute, or idle")


def prepared_transactions(given: CheckInput) -> CheckResult:
    """Warn of prepared transactions, which hold their locks across disconnects and restarts."""
    prepared = fact(given.facts.prepared)
    if not prepared:
        return passed("none")
    ages = [f"{one.name} of {one.user}, {format_rounded(one.age)} old" for one in prepared]
    return warned(
        f"prepared transactions hold their locks: {join_names(ages)}",
        f"end each: commit prepared or rollback prepared, as in rollback prepared {prepared[0].name}",
    )


def replication(given: CheckInput) -> CheckResult:
    """Warn of standbys that lag and of inactive slots: a table rewrite can fill the primary's disk."""
    seen = fact(given.facts.replication)
    troubles = [f"standby {one.name!r} is {_behind(one)} behind" for one in seen.lagging]
    troubles += [
        f"slot {one.name!r} is inactive and keeps {_size(one.bytes)} of WAL" for one in seen.inactive
    ]
    if troubles:
        hint = "wait until standbys follow again; drop a slot that nobody needs"
        if seen.inactive:
            hint += f" (select pg_drop_replication_slot('{seen.inactive[0].name}'))"
        return warned(join_names(troubles), hint)
    if seen.hidden:
        return skipped(
            f"no inactive slot; {seen.hidden} standbys cannot be looked into",
            f"to see them: grant pg_read_all_stats to {given.context.account}",
        )
    return passed("no standby lags, no slot is inactive")


def session_limits(given: CheckInput) -> CheckResult:
    """Warn of limits of role, database or server that cut off a migration that takes longer."""
    overridden = {"statement_timeout"} if given.context.own_statement_timeout else ()
    found = [limit for limit in fact(given.facts.limits) if limit.name not in overridden]
    if not found:
        return passed("nothing cuts off what takes long")
    return warned(
        f"what takes longer is cut off: {join_names([limit.label for limit in found])}",
        "where a migration may take long: " + "; ".join(limit.remedy for limit in found),
    )


def publications(given: CheckInput) -> CheckResult:
    """Warn of publications that publish the ledger's tables as soon as this run makes them."""
    ledger = given.context.ledger
    if ledger is not None and (warning := ledger.publication_warning):
        return warned(*warning)
    return passed("none publishes a table that this run makes for itself")


def _migrating(session: Migrating) -> str:
    name = f" {session.application!r}" if session.application else ""
    return f"pid {session.pid}{name} of {session.user} ({_SEEN_BY[session.how]})"


def _behind(one: Lag) -> str:
    lags = [format_rounded(one.seconds) if one.seconds else "", _size(one.bytes) if one.bytes else ""]
    return " and ".join(filter(None, lags))


def _size(number: int) -> str:
    return f"{number / (1 << 30):.1f} GiB" if number >= 1 << 30 else f"{number / (1 << 20):.0f} MiB"
