"""A PostgreSQL URL understood once: what it means, and the forms in which each child gets it."""

from dbmate_wrap.domain.database_url.fault import UrlFault
from dbmate_wrap.domain.database_url.text import parse
from dbmate_wrap.domain.database_url.value import DatabaseUrl

__all__ = ["DatabaseUrl", "UrlFault", "parse"]
