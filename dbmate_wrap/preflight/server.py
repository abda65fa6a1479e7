"""Checks of the server: version, writes, TLS, free connections, and a pg_dump that fits it."""

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.preflight.check import (
    RUN_SESSIONS,
    CheckInput,
    CheckResult,
    fact,
    failed,
    passed,
    skipped,
    warned,
)

# PostgreSQL 14 has client_connection_check_interval, which ends dbmate's session together with dbmate.
_OLDEST_MAJOR = 14
_FEW_SLOTS = 5
_WHERE_SET = {
    "database": "alter database {database} reset default_transaction_read_only",
    "user": "alter role {user} reset default_transaction_read_only",
    "database user": "alter role {user} in database {database} reset default_transaction_read_only",
}


def server_version(given: CheckInput) -> CheckResult:
    """Warn of servers older than PostgreSQL 14."""
    number = given.session.server_version_num
    major = number // 10000
    if major >= _OLDEST_MAJOR:
        return passed(f"PostgreSQL {major}")
    return warned(
        f"PostgreSQL {major} is older than {_OLDEST_MAJOR}: a statement may go on after dbmate was stopped",
        f"upgrade the server to {_OLDEST_MAJOR} or newer",
    )


def primary(given: CheckInput) -> CheckResult:
    """Fail on a standby, which takes no writes."""
    if not fact(given.facts.server).in_recovery:
        return passed("a primary")
    return failed(
        "the server is a standby (pg_is_in_recovery): it takes no writes",
        "name the primary's host in the URL",
    )


def writable(given: CheckInput) -> CheckResult:
    """Fail on a primary where transactions are read-only by default."""
    server = fact(given.facts.server)
    if server.in_recovery:
        return skipped("a standby never takes writes")
    if not server.read_only:
        return passed("takes writes")
    source = server.read_only_source
    where = f" (set for the {source})" if source in _WHERE_SET else f" ({source})" if source else ""
    names = {"database": quoted(server.database), "user": quoted(server.user)}
    reset = _WHERE_SET[source].format(**names) if source in _WHERE_SET else None
    return failed(
        f"every transaction here is read-only: default_transaction_read_only is on{where}",
        f"when nothing speaks against it: {reset}" if reset else "ask who runs the server why it is on",
    )


def tls(given: CheckInput) -> CheckResult:
    """Fail where TLS is required and the connection crosses a network without it."""
    context = given.context
    if given.session.uses_tls:
        return passed("encrypted")
    if context.url.is_local:
        return passed("not encrypted, and crosses no network")
    if not context.require_tls:
        return passed("not encrypted (require_tls is off)")
    return failed(
        f"the connection to {context.url.host} is not encrypted, and TLS is required here (require_tls)",
        "write sslmode=require or, better, verify-full into the URL",
    )


def connection_slots(given: CheckInput) -> CheckResult:
    """Warn where few connections are free: a run needs several, and should not take the last ones."""
    slots = fact(given.facts.slots)
    if slots.left >= _FEW_SLOTS:
        return passed(f"{slots.left} more connections are possible")
    limit, hint = "the server (max_connections)", "close connections that nobody uses"
    if slots.left == slots.role:
        limit, hint = "the role (CONNECTION LIMIT)", f"{hint}, or raise it: alter role ... connection limit"
    elif slots.left == slots.database:
        limit, hint = "the database (CONNECTION LIMIT)", f"{hint}, or raise it: alter database ..."
    # The session of this check is counted already.
    message = (
        f"{max(slots.left, 0)} more connections for this account; a run needs {RUN_SESSIONS - 1} of them"
    )
    return warned(f"{limit} has only {message}", hint)


def pg_dump(given: CheckInput) -> CheckResult:
    """Fail where a dump is due and pg_dump is missing, or older than the server, which it refuses."""
    context = given.context
    major = given.session.server_version_num // 10000
    if not context.dump_due:
        return skipped("no schema dump is due")
    if context.pg_dump_major is not None and context.pg_dump_major >= major:
        return passed(f"pg_dump {context.pg_dump_major}")
    found = f"pg_dump {context.pg_dump_major} is older" if context.pg_dump_major else "there is no pg_dump"
    return failed(
        f"a schema dump is due after the run, and {found} (the server is PostgreSQL {major})",
        "install postgresql-client of that version, set pg_dump_path, or set dump_schema = false",
    )
