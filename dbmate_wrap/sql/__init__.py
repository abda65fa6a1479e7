"""What migrations say, read by PostgreSQL's own parser: the only package that sees its trees."""
