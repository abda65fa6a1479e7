-- The sessions that block the process, and those that block them, up to one that waits for nobody; with the lock.
-- Runs under any account: pg_locks is readable to all, and what pg_stat_activity hides is null here.
-- pg_blocking_pids stops the lock manager for a moment: it is asked only about processes that wait, and not about
-- endless queues. It says 0 for a prepared transaction.
with recursive
here as materialized (
    select oid, pg_catalog.getdatabaseencoding() as encoding
    from pg_catalog.pg_database where datname = pg_catalog.current_database()
),
locks as materialized (
    select * from pg_catalog.pg_locks
),
waiting as materialized (
    select distinct pid from locks where not granted and pid <> %(pid)s limit 50
),
chain (pid) as (
    select * from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s))
    union
    select b.pid
    from chain
    join waiting on waiting.pid = chain.pid
    cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(chain.pid)) b (pid)
),
blocked as materialized (
    select %(pid)s::int as pid, pg_catalog.pg_blocking_pids(%(pid)s) as blockers
    union all
    select pid, pg_catalog.pg_blocking_pids(pid) from chain join waiting using (pid) where pid <> %(pid)s
),
-- Each blocker once, with one that waits for it: the watched process where it is among those.
edge as (
    select distinct on (b.pid) b.pid, blocked.pid as waiter
    from blocked
    cross join lateral pg_catalog.unnest(blocked.blockers) b (pid)
    where b.pid not in (%(pid)s, pg_catalog.pg_backend_pid())
    order by b.pid, blocked.pid <> %(pid)s
),
-- What it is about: the lock that is waited for, or else the table of the row or of the index build in question.
-- A build waits for transactions, not for the table, until nobody can be in the table who does not know the index.
about as materialized (
    select
        edge.*,
        w.locktype, w.database, w.transactionid, w.classid, w.objid, w.objsubid,
        case when w.locktype in ('relation', 'object', 'advisory') then w.mode end as wanted,
        case
            when w.relation is not null then case when w.database in (0, here.oid) then w.relation end
            else coalesce(t.relation, p.relid)
        end as relation
    from edge
    cross join here
    left join lateral (
        select * from locks where locks.pid = edge.waiter and not locks.granted limit 1
    ) w on true
    left join lateral (
        select locks.relation from locks
        where locks.pid = edge.waiter and locks.granted and locks.locktype = 'tuple'
          and locks.database = here.oid and w.locktype = 'transactionid'
        limit 1
    ) t on true
    left join pg_catalog.pg_stat_progress_create_index p
        on p.pid = edge.waiter and p.datid = here.oid and w.locktype is distinct from 'advisory'
),
had as materialized (
    select about.pid, locks.virtualtransaction, locks.mode, locks.granted
    from about
    cross join here
    join locks on coalesce(locks.pid, 0) = about.pid
    where (locks.locktype = 'relation' and locks.relation = about.relation and locks.database in (0, here.oid))
       or (
           about.locktype in ('object', 'advisory')
           and (locks.locktype, locks.database, locks.classid, locks.objid, locks.objsubid)
               = (about.locktype, about.database, about.classid, about.objid, about.objsubid)
       )
)
select
    about.pid,
    coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend')) as application,
    coalesce(a.usename, x.owner) as user,
    coalesce(a.state, 'prepared as "' || x.gid || '"') as state,
    extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.xact_start, x.prepared))::float8 as transaction_age,
    n.nspname || '.' || c.relname as relation,
    case
        when about.locktype = 'advisory' and about.objsubid = 1
            then 'advisory lock ' || ((about.classid::bigint << 32) | about.objid::bigint)
        when about.locktype = 'advisory'
            then 'advisory lock (' || about.classid::bigint::bit(32)::int || ', '
                || about.objid::bigint::bit(32)::int || ')'
        -- Before PostgreSQL 14 it fails where the object has just gone.
        when about.locktype = 'object' and about.database in (0, here.oid)
            and pg_catalog.current_setting('server_version_num')::int >= 140000
            then pg_catalog.pg_describe_object(about.classid, about.objid, about.objsubid::int)
    end as lock,
    array(select distinct had.mode from had where had.pid = about.pid and had.granted) as held,
    (select pg_catalog.max(had.mode) from had where had.pid = about.pid and not had.granted) as awaited,
    about.wanted as wanted_mode,
    -- Of another database nothing is known, not even the encoding; SQL_ASCII has none.
    case
        when a.datid is distinct from here.oid or a.query = '<insufficient privilege>' then null
        when here.encoding = 'SQL_ASCII' then pg_catalog.regexp_replace(pg_catalog.left(a.query, 1000), '[^\x01-\x7f]', '?', 'g')
        else pg_catalog.left(a.query, 1000)
    end as query,
    about.waiter = %(pid)s as direct,
    array(select distinct pg_catalog.unnest(blocked.blockers) from blocked where blocked.pid = about.pid) as waits_for,
    -- pg_locks.waitstart is there from PostgreSQL 14 on, and null in the first moment.
    (
        select extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.max((pg_catalog.to_jsonb(locks) ->> 'waitstart')::timestamptz))::float8
        from locks where locks.pid = %(pid)s and not locks.granted
    ) as blocked_for
from about
cross join here
left join pg_catalog.pg_stat_activity a on a.pid = about.pid
left join lateral (
    select x.gid, x.owner, x.prepared
    from pg_catalog.pg_prepared_xacts x
    join locks on locks.pid is null and locks.transactionid = x.transaction and locks.locktype = 'transactionid'
    where about.pid = 0
      and (
          x.transaction = about.transactionid
          or locks.virtualtransaction in (select had.virtualtransaction from had where had.pid = 0)
      )
    limit 1
) x on true
left join pg_catalog.pg_class c on c.oid = about.relation
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.pid is not null or about.pid = 0
order by about.waiter = %(pid)s desc, coalesce(a.xact_start, x.prepared) nulls last, about.pid
limit 100
