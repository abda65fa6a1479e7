-- The sessions that hold a lock on one of the relations, or wait for one, in a mode that the wanted one conflicts with
-- (`relation` is its oid), and those with a snapshot that CREATE INDEX CONCURRENTLY waits for (`relation` is null).
-- `conflicts` is a JSON object: oid to a list of modes. An autovacuum gives way to whoever waits for it, unless it is
-- to prevent wraparound. Runs under any account: what pg_stat_activity hides is null here.
with here as materialized (
    select oid, pg_catalog.getdatabaseencoding() as encoding
    from pg_catalog.pg_database where datname = pg_catalog.current_database()
),

locks as materialized (
    select * from pg_catalog.pg_locks
),

in_way as (
    select locks.relation::bigint as relation, locks.pid, locks.virtualtransaction, locks.mode, locks.granted
    from here
    cross join pg_catalog.json_each(%(conflicts)s::json) wanted (relation, modes)
    join locks on locks.relation = wanted.relation::oid and locks.locktype = 'relation' and locks.database = here.oid
    where locks.mode in (select pg_catalog.json_array_elements_text(wanted.modes))
    union all
    -- GetCurrentVirtualXIDs() in PostgreSQL's procarray.c: not VACUUM, and not other databases, standbys, slots and
    -- prepared transactions, which hold back VACUUM alone.
    select null, a.pid, null, null, null
    from pg_catalog.pg_stat_activity a
    join here on here.oid = a.datid
    where a.backend_xmin is not null
      and a.usename is not null
      and a.pid not in (select v.pid from pg_catalog.pg_stat_progress_vacuum v)
)

select
    in_way.relation,
    coalesce(in_way.pid, 0) as pid,
    coalesce(
        nullif(a.application_name, ''),
        nullif(a.backend_type, 'client backend'),
        'prepared as ' || pg_catalog.quote_literal(x.gid),
        ''
    ) as application,
    extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.xact_start, x.prepared))::float8 as age,
    in_way.mode,
    in_way.granted,
    coalesce(a.backend_type = 'autovacuum worker', false) as is_autovacuum,
    coalesce(a.query = '<insufficient privilege>', false) as hidden,
    -- Of SQL_ASCII not even the encoding is known.
    case
        when a.query = '<insufficient privilege>' then null
        when here.encoding = 'SQL_ASCII'
            then pg_catalog.regexp_replace(pg_catalog.left(a.query, 1000), '[^\x01-\x7f]', '?', 'g')
        else pg_catalog.left(a.query, 1000)
    end as query
from in_way
cross join here
left join pg_catalog.pg_stat_activity a on a.pid = in_way.pid
left join lateral (
    select x.gid, x.prepared
    from pg_catalog.pg_prepared_xacts x
    join locks on locks.pid is null and locks.transactionid = x.transaction and locks.locktype = 'transactionid'
    where in_way.pid is null and locks.virtualtransaction = in_way.virtualtransaction
    limit 1
) x on true
where in_way.pid is distinct from pg_catalog.pg_backend_pid()
  and (in_way.pid is null or a.pid is not null)
  and a.backend_type is distinct from 'parallel worker'
order by in_way.relation nulls last, age desc nulls last, pid
