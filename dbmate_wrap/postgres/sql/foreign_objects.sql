-- Relations, types and functions that somebody made: not PostgreSQL's own, not of an extension, and not the
-- bookkeeping of dbmate (the history table) or of this tool (schema dbmate_wrap). At most five names.
with made as (
    select c.oid, 'pg_catalog.pg_class'::regclass as catalog, n.nspname, c.relname as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select t.oid, 'pg_catalog.pg_type'::regclass, n.nspname, t.typname
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r')
    union all
    select p.oid, 'pg_catalog.pg_proc'::regclass, n.nspname, p.proname
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
)
select made.nspname || '.' || made.name
from made
where made.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'dbmate_wrap')
  and made.nspname not like 'pg\_temp%%'
  and made.nspname not like 'pg\_toast%%'
  and not (made.nspname = %(schema)s and made.name = %(table)s)
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = made.catalog and d.objid = made.oid and d.deptype = 'e'
  )
order by 1
limit 5
