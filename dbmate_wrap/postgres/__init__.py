"""The only package that speaks to a PostgreSQL server, over psycopg or through pg_dump and psql."""
