-- The sessions that hold the advisory lock `key` in another database: pg_locks has its two halves.
select 1
from pg_catalog.pg_locks
where
    locktype = 'advisory'
    and granted
    and objsubid = 1
    and (classid::bigint << 32) + objid::bigint = %(key)s::bigint
    and database <> (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
limit 1
