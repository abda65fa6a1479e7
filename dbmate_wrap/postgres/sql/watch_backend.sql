-- The server process of the session with this name: for how long its statement runs, whether it (or a worker of its
-- parallel index build) waits for a lock, and how far an index build is. Whether it waits is asked of
-- pg_stat_activity, which costs the server's lock manager nothing.
select
    a.pid,
    case when a.state = 'active' then extract(epoch from pg_catalog.clock_timestamp() - a.query_start)::float8 end as running_for,
    exists (
        select from pg_catalog.pg_stat_activity w
        where w.datid = a.datid
          and w.application_name = a.application_name
          and w.wait_event_type = 'Lock'
    ) as blocked,
    case when p.phase is not null then pg_catalog.json_build_object(
        'command', p.command,
        'phase', p.phase,
        'done', counters.done,
        'total', counters.total,
        'unit', coalesce(counters.unit, 'blocks'),
        'relation', n.nspname || '.' || c.relname
    ) end as progress
from pg_catalog.pg_stat_activity a
left join pg_catalog.pg_stat_progress_create_index p on p.pid = a.pid and p.datid = a.datid
-- The pair of counters that this phase updates, if any; the others hold old values.
left join lateral (
    values
        ('sessions', p.lockers_done, p.lockers_total, p.phase ~ '^waiting'),
        ('tuples', p.tuples_done, p.tuples_total, p.phase ~ 'loading tuples'),
        ('blocks', p.blocks_done, p.blocks_total, p.phase !~ '^waiting|loading tuples|sorting|^initializing$')
) counters (unit, done, total, updated) on counters.updated
left join pg_catalog.pg_class c on c.oid = p.relid
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.datname = pg_catalog.current_database()
  and a.application_name = %(application_name)s
  and a.backend_type is distinct from 'parallel worker'
-- A driver may keep a second connection, which then does nothing.
order by a.wait_event_type is not distinct from 'Lock' desc, a.state = 'active' desc nulls last, a.backend_start desc
limit 1
