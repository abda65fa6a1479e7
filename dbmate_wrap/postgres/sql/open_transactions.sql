-- What holds a snapshot or a lock in this database. Autovacuum has no user, and gives way; our own sessions hold none.
select
    pid,
    application_name as application,
    usename::text as "user",
    state like 'idle in transaction%' as idle,
    extract(epoch from pg_catalog.clock_timestamp() - xact_start)::float8 as age
from pg_catalog.pg_stat_activity
where datname = pg_catalog.current_database()
    and pid <> pg_catalog.pg_backend_pid()
    and xact_start is not null
    and usename is not null
    and backend_type is distinct from 'parallel worker'
order by xact_start
limit 20
