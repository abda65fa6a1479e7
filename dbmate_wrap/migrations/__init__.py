"""Migration files on disk: read, listed, parsed as dbmate does, sealed, staged."""
