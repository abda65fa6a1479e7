-- The first session that keeps a run out of this database: the one that holds our advisory lock, else the one that
-- holds dbmate's, else a dbmate that another run has left behind. In pg_locks a bigint key is split into its upper
-- half (classid) and its lower half (objid), with 1 in objsubid. An account that may not see the details of other
-- accounts' sessions still sees their locks and application names; backend_type is null then. An orphan counts in any
-- state: one that is idle has been left between two statements and may have sent the next one.
with advisory as (
    select l.pid, (l.classid::bigint << 32) | l.objid::bigint as key
    from pg_catalog.pg_locks l
    join pg_catalog.pg_database d on d.oid = l.database and d.datname = pg_catalog.current_database()
    where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
),
found as (
    select 1 as place, 'lock' as what, pid from advisory where key = %(key)s::bigint
    union all
    select 2, 'dbmate-lock', pid from advisory where key = %(dbmate_key)s::bigint
    union all
    select 3, 'orphan', pid
    from pg_catalog.pg_stat_activity
    where datname = pg_catalog.current_database()
      and application_name ~ '^dbmate-wrap/[^/]+/dbmate$'
      and application_name <> %(own)s
      -- A parallel worker bears its leader's name, and ends with it.
      and coalesce(backend_type, 'client backend') = 'client backend'
)
select
    found.what,
    found.pid,
    nullif(a.application_name, '') as application,
    coalesce(pg_catalog.host(a.client_addr), case when a.client_port = -1 then 'local socket' end) as host,
    pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
from found
left join pg_catalog.pg_stat_activity a on a.pid = found.pid
where found.pid <> pg_catalog.pg_backend_pid()
order by found.place, a.backend_start, found.pid
limit 1
