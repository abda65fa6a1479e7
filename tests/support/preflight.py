"""What the preflight checks of the tests look at."""

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.sql.requirements import Requirements


def preflight_context(url: str, application_name: str) -> PreflightContext:
    """Nothing but the history table is asked for; a test replaces what it is about."""
    return PreflightContext(
        url=parse(url, os_user="nobody"),
        application_name=application_name,
        history_schema="public",
        history_table="schema_migrations",
        needs=Requirements(),
    )
