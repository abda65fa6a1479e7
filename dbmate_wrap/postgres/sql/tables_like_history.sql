-- Tables with the shape of dbmate's own, but not ours: those of other projects, or ours under another name.
select pg_catalog.format('%%I.%%I', n.nspname, c.relname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
  and n.nspname !~ '^pg_(toast|temp)'
  and (n.nspname, c.relname) <> (%(schema)s, %(table)s)
  and (
      select pg_catalog.string_agg(a.attname, ',') = 'version'
      from pg_catalog.pg_attribute a
      where a.attrelid = c.oid
        and a.attnum > 0
        and not a.attisdropped
  )
order by n.nspname, c.relname
