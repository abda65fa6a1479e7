"""SQL-first PostgreSQL migrations: a thin, careful command line around a pinned dbmate."""

__version__ = "0.1.0"
