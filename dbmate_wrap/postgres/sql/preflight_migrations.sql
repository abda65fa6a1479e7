-- Sessions in this database that run migrations, other than this run's own: of another dbmate-wrap, with dbmate's
-- advisory lock, writing the history table, or running a block as dbmate sends it (its text begins with the
-- directive; seen only of accounts whose queries may be read).
with here as (
    select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()
),

locked as (
    select l.pid, 'lock' as how
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory'
        and l.database = (select oid from here)
        and l.classid = 0 and l.objid = 48372615 and l.objsubid = 1
    union all
    select l.pid, 'history'
    from pg_catalog.pg_locks l
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where l.locktype = 'relation'
        and l.database = (select oid from here)
        and l.mode not in ('AccessShareLock', 'RowShareLock')
        and n.nspname = %(question)s::jsonb ->> 'history_schema'
        and c.relname = %(question)s::jsonb ->> 'history_table'
)

select pg_catalog.json_build_object(
    'sessions', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
        'pid', pid, 'application', application_name, 'user', usename, 'how', how
    ) order by pid), '[]')
)::text
from (
    select distinct on (a.pid)
        a.pid,
        a.application_name,
        a.usename,
        case
            when a.application_name like 'dbmate-wrap/%%' then 'wrapped'
            else coalesce(locked.how, 'query')
        end as how
    from pg_catalog.pg_stat_activity a
    left join locked on locked.pid = a.pid
    where a.datid = (select oid from here)
        and a.pid <> pg_catalog.pg_backend_pid()
        and not pg_catalog.starts_with(a.application_name, %(question)s::jsonb ->> 'ours')
        and (
            locked.pid is not null
            -- Those with nothing behind the run id only look, as `status` does.
            or a.application_name like 'dbmate-wrap/%%/%%'
            or (a.query like '-- migrate:%%' and a.state <> 'idle')
        )
    order by a.pid
) as found
