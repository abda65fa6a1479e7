"""Host names, IP addresses and socket folders, in one spelling each."""

import ipaddress
import posixpath
import re
import sys

from dbmate_wrap.domain.database_url.fault import ENCODE, UrlFault

# What dbmate 2.37.0 and psql do with a URL that names no host: the socket folder of the platform's packages.
if sys.platform == "linux":
    DEFAULT_HOST = "/var/run/postgresql"
elif sys.platform == "win32":
    DEFAULT_HOST = "localhost"
else:
    DEFAULT_HOST = "/tmp"  # noqa: S108 - PostgreSQL's own default, not a file of ours

_NAME = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_ZONE = re.compile(r"[A-Za-z0-9_.-]+")
_SOCKET_FILE = re.compile(r".*/\.s\.PGSQL\.\d+")
_LOCAL_NAMES = {
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "ip6-localhost",
    "ip6-loopback",
}
_LOCAL_SOCKETS = {"/run/postgresql", "/tmp"}  # noqa: S108


def canonical(host: str) -> str:
    """The host (decoded, brackets allowed) in one spelling; raises UrlFault for what cannot be a host."""
    if not host:
        return DEFAULT_HOST
    if "," in host:
        raise several_hosts()
    if host.startswith("/"):
        return _socket_folder(host)
    if ":" in host or host.startswith("["):
        return _ipv6(host)
    return _name(host)


def several_hosts() -> UrlFault:
    """The explanation of libpq's lists of hosts."""
    return UrlFault(
        "it names several hosts; a migration needs exactly one server",
        hint=f"name the primary's host alone; {ENCODE}",
    )


def _socket_folder(path: str) -> str:
    if _SOCKET_FILE.fullmatch(path):
        raise UrlFault(
            "its host is a socket file",
            hint="name the folder that holds the file .s.PGSQL.<port>, and the port as ?port=",
        )
    return path.rstrip("/") or "/"


def _ipv6(host: str) -> str:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address, percent, zone = bare.partition("%")
    if not _is_ipv6(address) or (percent and not _ZONE.fullmatch(zone)):
        raise UrlFault("its host is not a valid IPv6 address", hint=f"write it like [::1]:5432; {ENCODE}")
    return str(ipaddress.IPv6Address(address)) + percent + zone


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    if not host.isascii():
        raise UrlFault(
            "its host has letters beyond ASCII",
            hint=f"write an international name in its xn-- form; {ENCODE}",
        )
    if "/" in host or host.startswith("@"):
        raise UrlFault(
            "its host is neither a name nor the absolute path of a socket folder",
            hint="write a socket folder from the root, as in ?host=/run/postgresql",
        )
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise UrlFault("its host has characters that no host name has", hint=ENCODE)
    return host


def place(host: str) -> str:
    """A key that is equal for two spellings of one place, as far as that can be known without asking DNS."""
    if host.startswith("/"):
        path = posixpath.normpath(host)
        path = path.removeprefix("/var") if path.startswith("/var/run/") else path
        return "localhost" if path in _LOCAL_SOCKETS else path
    name = host.lower().rstrip(".")
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return "localhost"
    return _address_place(name)


def _address_place(name: str) -> str:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    # Connecting to 0.0.0.0 or :: reaches this machine.
    return "localhost" if address.is_loopback or address.is_unspecified else str(address)
