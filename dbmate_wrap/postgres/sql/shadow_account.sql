select
    r.rolcreatedb or r.rolsuper as may_create,
    pg_catalog.pg_is_in_recovery() as read_only,
    r.rolname,
    (select pg_catalog.pg_encoding_to_char(encoding) = 'UTF8' from pg_catalog.pg_database where datname = 'template0')
        as unicode
from pg_catalog.pg_roles as r
where r.rolname = current_user
