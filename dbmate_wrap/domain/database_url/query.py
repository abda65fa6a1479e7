"""The part of a URL after `?`: which parameters are understood, and why the others are not."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from dbmate_wrap.domain.database_url.decode import decoded
from dbmate_wrap.domain.database_url.fault import ENCODE, UrlFault

# What may also stand here instead of before the `?`; `socket` is dbmate's word for a host that is a folder.
IDENTITY = frozenset({"host", "socket", "port", "user", "password", "dbname"})


def _one_of(*values: str) -> Callable[[str], str | None]:
    return lambda value: None if value in values else f"must be one of {', '.join(values)}"


def _absolute(value: str) -> str | None:
    if value.startswith("/"):
        return None
    return "must be an absolute path: dbmate, pg_dump and this program run in different folders"


def _root_certificate(value: str) -> str | None:
    return None if value == "system" else _absolute(value)


def _seconds(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9]{1,6}", value) else "must be a whole number of seconds"


# Accepted is what libpq, lib/pq 1.12.3 (in dbmate 2.37.0) and pg_dump 15 all understand, tried against the
# three, and what does not change which database is meant. Each check returns what is wrong, or None.
_TLS_VERSION = _one_of("TLSv1.1", "TLSv1.2", "TLSv1.3")
ACCEPTED: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "sslmode": _one_of("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        "sslrootcert": _root_certificate,
        "sslcert": _absolute,
        "sslkey": _absolute,
        "sslsni": _one_of("0", "1"),
        "ssl_min_protocol_version": _TLS_VERSION,
        "ssl_max_protocol_version": _TLS_VERSION,
        "connect_timeout": _seconds,
        "target_session_attrs": _one_of("any", "read-write", "primary"),
        "passfile": _absolute,
    }
)

_SETTING = "pg_dump does not accept it in a URL, and it belongs to the run, not to the database"
_DRIVER = "dbmate's driver does not know it and would send it to the server as a setting"
_OTHERS = "it belongs to another program's URLs"
_REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "lock_timeout": (_SETTING, "set lock_timeout in dbmate-wrap.toml"),
        "statement_timeout": (_SETTING, "set statement_timeout in dbmate-wrap.toml"),
        "search_path": (
            "one URL would then mean different tables to dbmate and to pg_dump",
            "write names in full in migrations (schema.table); migrations_table may name a schema too",
        ),
        "options": (_SETTING, "set lock_timeout and statement_timeout in dbmate-wrap.toml; remove the rest"),
        "application_name": (
            "the sessions of a run carry a name of their own, by which others find them",
            "remove it",
        ),
        "fallback_application_name": ("the sessions of a run carry a name of their own", "remove it"),
        "hostaddr": ("it can name another server than the host", "write the address as the host"),
        "service": ("it hides which database is meant", "write the service's host, port and database"),
        "sslpassword": (_DRIVER, "use a key file without a passphrase, readable by its owner only"),
        "channel_binding": (_DRIVER, "remove it; sslmode=verify-full is the stronger check"),
        "client_encoding": ("dbmate always uses UTF8", "remove it"),
        "sslnegotiation": ("pg_dump before 17 does not know it", "remove it"),
        "load_balance_hosts": ("a migration needs exactly one server", "remove it"),
        "replication": ("a migration needs an ordinary connection", "remove it"),
        **dict.fromkeys(
            ("schema", "currentSchema"), (_OTHERS, "remove it; write names in full (schema.table)")
        ),
        **dict.fromkeys(
            (
                *("pgbouncer", "connection_limit", "pool_timeout", "sslaccept", "statement_cache_size"),
                *("uselibpqcompat", "charset", "encoding", "prepareThreshold", "sslidentity"),
            ),
            (_OTHERS, "remove it"),
        ),
        **dict.fromkeys(
            (
                *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
                *("tcp_user_timeout", "gssencmode", "gsslib", "gssdelegation", "krbsrvname"),
                *("require_auth", "requirepeer", "requiressl", "sslcompression", "sslcrl", "sslcrldir"),
                *("sslcertmode", "min_protocol_version", "max_protocol_version", "scram_client_key"),
            ),
            (_DRIVER, "remove it"),
        ),
    }
)


def read(query: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """What the query says of the database's identity, and the accepted parameters with sslmode resolved."""
    given: dict[str, str] = {}
    for number, part in enumerate((part for part in query.split("&") if part), start=1):
        name, value = _pair(part, number)
        if name in given:
            raise UrlFault(f"it sets {name} twice", hint="keep one of them")
        given[name] = value
    if "socket" in given and "host" in given:
        raise UrlFault("it sets both host and socket", hint="keep ?host=")
    identity = {name: value for name, value in given.items() if name in IDENTITY}
    parameters = {name: value for name, value in given.items() if name not in IDENTITY}
    return identity, tuple(_with_tls(parameters).items())


def _pair(part: str, number: int) -> tuple[str, str]:
    raw_name, _, raw_value = part.partition("=")
    name = decoded(raw_name)
    _refuse(name, number)
    if "+" in raw_value:
        # Go reads + as a space, libpq as itself.
        raise UrlFault(f"the value of {name} has a +", hint="write + as %2B and a space as %20")
    value = decoded(raw_value)
    if not value:
        raise UrlFault(f"it gives {name} no value", hint=f"write {name}=VALUE, or remove it")
    check = ACCEPTED.get(name)
    wrong = check(value) if check else None
    if wrong:
        raise UrlFault(f"its {name} {wrong}", hint=_value_hint(name))
    return name, value


def _refuse(name: str, number: int) -> None:
    if name in IDENTITY or name in ACCEPTED or name == "ssl":
        return
    if name in _REFUSED:
        why, remedy = _REFUSED[name]
        raise UrlFault(f"it sets {name}: {why}", hint=remedy)
    raise UrlFault(
        f"parameter {number} after the ? is not one that is understood",
        hint=f"understood are {', '.join((*ACCEPTED, *sorted(IDENTITY)))}; {ENCODE}, and & as %26",
    )


def _value_hint(name: str) -> str | None:
    if name == "sslmode":
        return "for node-postgres' no-verify write require"
    if name == "target_session_attrs":
        return "migrations write, so a standby is no target"
    return None


def _with_tls(given: dict[str, str]) -> dict[str, str]:
    """The parameters with `ssl=true` (JDBC's word, libpq takes it too) and the default sslmode resolved."""
    parameters = {name: value for name, value in given.items() if name != "ssl"}
    if "ssl" in given:
        if given["ssl"] != "true" or "sslmode" in given:
            raise UrlFault("it uses ssl=", hint="write sslmode=require, or sslmode=disable, instead")
        parameters["sslmode"] = "require"
    # libpq's rules: prefer, and with the system's certificates nothing below verify-full.
    system = parameters.get("sslrootcert") == "system"
    mode = parameters.setdefault("sslmode", "verify-full" if system else "prefer")
    if system and mode != "verify-full":
        raise UrlFault("it has sslrootcert=system with a weaker sslmode", hint="write sslmode=verify-full")
    return parameters
