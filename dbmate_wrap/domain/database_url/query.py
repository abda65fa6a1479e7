"""The part of a URL after `?`: the parameters that are accepted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dbmate_wrap.domain.database_url.fault import ENCODE, UrlFault, decoded

# These may also stand before the `?`; `socket` is dbmate's name for a host that is a folder.
IDENTITY = frozenset({"host", "socket", "port", "user", "password", "dbname"})


@dataclass(frozen=True)
class _Values:
    """The values that a parameter may have: `pattern` matches all of one, `rule` says it in words."""

    pattern: str
    rule: str
    hint: str | None = None


def _one_of(*values: str, hint: str | None = None) -> _Values:
    return _Values("|".join(map(re.escape, values)), f"must be one of {', '.join(values)}", hint)


_FILE_RULE = "must be an absolute path: dbmate, pg_dump and this program run in different folders"
_FILE = _Values("/.*", _FILE_RULE)
_TLS_VERSION = _one_of("TLSv1.1", "TLSv1.2", "TLSv1.3")
# Accepted is what libpq, lib/pq 1.12.3 (in dbmate 2.37.0) and pg_dump 15 all understand, tested with the
# three, and what does not change which database is meant.
ACCEPTED: Mapping[str, _Values] = MappingProxyType(
    {
        "sslmode": _one_of(
            *("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
            hint="for node-postgres' no-verify write require",
        ),
        "sslrootcert": _Values("system|/.*", _FILE_RULE),
        "sslcert": _FILE,
        "sslkey": _FILE,
        "sslsni": _one_of("0", "1"),
        "ssl_min_protocol_version": _TLS_VERSION,
        "ssl_max_protocol_version": _TLS_VERSION,
        "connect_timeout": _Values("[0-9]{1,6}", "must be a whole number of seconds"),
        "target_session_attrs": _one_of(
            *("any", "read-write", "primary"), hint="migrations write, so a standby is no target"
        ),
        "passfile": _FILE,
    }
)

# Common parameters that are not accepted. Their names may be shown; any other name may be part of a password.
_SETTINGS = frozenset({"lock_timeout", "statement_timeout", "options"})
_REFUSED = frozenset(
    {"search_path", "schema", "currentSchema", "application_name", "fallback_application_name", "hostaddr"}
    | {"service", "sslpassword", "channel_binding", "client_encoding", "sslnegotiation", "gssencmode"}
    | {"keepalives", "load_balance_hosts", "pgbouncer", "connection_limit", "pool_timeout"}
)


def read_query(query: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Return the parts of the database's identity, and the accepted parameters with sslmode resolved."""
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
    values = ACCEPTED.get(name)
    if values is not None and not re.fullmatch(values.pattern, value):
        raise UrlFault(f"its {name} {values.rule}", hint=values.hint)
    return name, value


def _refuse(name: str, number: int) -> None:
    if name in IDENTITY or name in ACCEPTED or name == "ssl":
        return
    if name in _SETTINGS:
        hint = "set lock_timeout and statement_timeout in dbmate-wrap.toml; remove it from the URL"
        raise UrlFault(f"it sets {name}, which belongs to the run, not to the database", hint=hint)
    if name in _REFUSED:
        hint = "remove it; `dbmate-wrap explain database-urls` says what to use instead"
        raise UrlFault(f"it sets {name}, which is not accepted", hint=hint)
    hint = f"understood are {', '.join((*ACCEPTED, *sorted(IDENTITY)))}; {ENCODE}, and & as %26"
    raise UrlFault(f"parameter {number} after the ? is not one that is understood", hint=hint)


def _with_tls(given: dict[str, str]) -> dict[str, str]:
    """Return the parameters with `ssl=true` (as libpq accepts it) and the default sslmode resolved."""
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
