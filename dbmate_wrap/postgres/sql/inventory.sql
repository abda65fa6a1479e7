-- Every object that a migration may make and somebody may have to drop by hand, as `kind schema.name` in SQL, and
-- whether it is an index that was left invalid and that nobody is building right now.
select
    case c.relkind
        when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
        when 'f' then 'foreign table' when 'S' then 'sequence' else 'index'
    end || ' ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as thing,
    coalesce(not i.indisvalid, false)
        and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid) as invalid
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
  and n.nspname not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
  and n.nspname !~ '^pg_(toast|temp)'
union all
select 'type ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname), false
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'r')
  and n.nspname not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
union all
select 'schema ' || pg_catalog.quote_ident(n.nspname), false
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_'
