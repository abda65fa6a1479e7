-- True where this very session holds the advisory lock `key` of this database. The pid is the one that took it: behind
-- a pooler in transaction mode the next query may land in another server session, which proves nothing.
select exists (
    select from pg_catalog.pg_locks l
    join pg_catalog.pg_database d on d.oid = l.database and d.datname = pg_catalog.current_database()
    where l.locktype = 'advisory'
      and l.granted
      and l.objsubid = 1
      and (l.classid::bigint << 32) | l.objid::bigint = %(key)s::bigint
      and l.pid = pg_catalog.pg_backend_pid()
      and l.pid = %(pid)s
)
