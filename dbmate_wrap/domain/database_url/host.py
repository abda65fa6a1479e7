"""Host names, IP addresses and socket folders, in one spelling each."""

import ipaddress
import posixpath
import re
import sys

from dbmate_wrap.domain.database_url.fault import ENCODE, UrlFault

# Where dbmate 2.37.0 and psql connect without a host: the socket folder of the platform's packages, or /tmp,
# PostgreSQL's own default.
DEFAULT_HOST = {"linux": "/var/run/postgresql", "win32": "localhost"}.get(sys.platform, "/tmp")  # noqa: S108

# Names of this machine in the hosts files of distributions.
_LOCAL_NAMES = frozenset(
    ("localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback")
)
_LOCAL_SOCKETS = {"/run/postgresql", "/tmp"}  # noqa: S108


def canonical(host: str) -> str:
    """Return the host (decoded, brackets allowed) in one spelling; raises UrlFault for what is no host."""
    if not host:
        return DEFAULT_HOST
    if "," in host:
        hint = f"name the primary's host alone; {ENCODE}"
        raise UrlFault("it names several hosts; a migration needs exactly one server", hint=hint)
    if host.startswith("/"):
        if re.search(r"/\.s\.PGSQL\.\d+\Z", host):
            hint = "name the folder that holds the file .s.PGSQL.<port>, and the port as ?port="
            raise UrlFault("its host is a socket file", hint=hint)
        return host.rstrip("/") or "/"
    return _ipv6(host) if ":" in host or host.startswith("[") else _name(host)


def _ipv6(host: str) -> str:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    # ipaddress takes any zone.
    address = _address(bare) if re.fullmatch(r"[^%]*(%[A-Za-z0-9_.-]+)?", bare) else None
    if not isinstance(address, ipaddress.IPv6Address):
        raise UrlFault("its host is not a valid IPv6 address", hint=f"write it like [::1]:5432; {ENCODE}")
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _name(host: str) -> str:
    if not host.isascii():
        hint = f"write an international name in its xn-- form; {ENCODE}"
        raise UrlFault("its host has letters beyond ASCII", hint=hint)
    if "/" in host or host.startswith("@"):
        hint = "write a socket folder from the root, as in ?host=/run/postgresql"
        raise UrlFault("its host is neither a name nor the absolute path of a socket folder", hint=hint)
    if len(host) > 253 or not re.fullmatch(r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?", host):
        raise UrlFault("its host has characters that no host name has", hint=ENCODE)
    return host


def place(host: str) -> str:
    """Return a key that is equal for two spellings of one place, as far as that shows without DNS."""
    if host.startswith("/"):
        path = posixpath.normpath(host)
        path = path.removeprefix("/var") if path.startswith("/var/run/") else path
        return "localhost" if path in _LOCAL_SOCKETS else path
    name = host.lower().rstrip(".")
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return "localhost"
    address = _address(name)
    if address is None:
        return name
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    # Connecting to 0.0.0.0 or :: reaches this machine.
    return "localhost" if address.is_loopback or address.is_unspecified else str(address)
