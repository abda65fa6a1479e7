"""Makes a URL require TLS where its environment does."""

from dataclasses import replace

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.settings import Environment

_MAY_BE_PLAIN = frozenset({"disable", "allow", "prefer"})


def with_tls(environment: Environment, url: DatabaseUrl) -> DatabaseUrl:
    """Return the URL, with TLS where that is required. Raises PreflightError where the URL turns it off."""
    # `prefer` and `allow` would fall back to a plain connection, without a warning.
    if not environment.values.require_tls or url.is_local or url.sslmode not in _MAY_BE_PLAIN:
        return url
    if url.sslmode == "disable":
        raise PreflightError(
            f"{environment.name} requires TLS (require_tls), and its URL says sslmode=disable",
            hint="write sslmode=require or, better, verify-full into the URL",
        )
    parameters = tuple(
        ("sslmode", "require") if name == "sslmode" else (name, value) for name, value in url.parameters
    )
    return replace(url, parameters=parameters)
