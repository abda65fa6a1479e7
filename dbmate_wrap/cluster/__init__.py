"""A PostgreSQL that we start ourselves: the embedded development database and throw-away servers."""
