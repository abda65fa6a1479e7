"""Puts a database URL together from its parts, for secrets that are a password and no URL."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.layers import EnvironmentSettings
from dbmate_wrap.settings.names import filled

# A part is set for one environment alone, or holds the environment's name.
PARTS = ("host", "port", "database", "user", "password_file")


@dataclass(frozen=True)
class UrlParts:
    """The parts of the URL of one environment; `password_file` is None where `.pgpass` has the password."""

    host: str
    port: int
    database: str
    user: str
    password_file: Path | None = field(repr=False)

    def url(self, password: str | None) -> str:
        """Return the URL with these parts, each percent-encoded."""
        secret = f":{quote(password, safe='')}" if password is not None else ""
        login, database = f"{quote(self.user, safe='')}{secret}", quote(self.database, safe="")
        if self.host.startswith("/"):
            return f"postgres://{login}@/{database}?host={quote(self.host, safe='/')}&port={self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgres://{login}@{host}:{self.port}/{database}"


def url_parts_of(settings: EnvironmentSettings, target: str | None = None) -> UrlParts | None:
    """Return the parts of the URL of an environment or its target; None without a `host`.

    Raises ConfigError where one is missing.
    """
    values, name = settings.values, settings.name

    def named(text: str) -> str:
        return filled(text, name, target)

    if values.host is None:
        return None
    missing = [part for part in ("database", "user") if getattr(values, part) is None]
    if values.database is None or values.user is None:
        message = f"names the host of {name}, and {' and '.join(missing)} is not set"
        raise config_error(Fault(message, settings.sources["host"], f"set {' and '.join(missing)} beside it"))
    file = values.password_file
    secret = Path(named(str(file))) if file is not None else None
    return UrlParts(named(values.host), values.port, named(values.database), named(values.user), secret)
