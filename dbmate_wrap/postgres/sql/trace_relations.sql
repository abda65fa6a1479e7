-- Relations of the database's own schemas: oid, schema, name, kind, is a partition, table of an index, parent, file.
select c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.relispartition, i.indrelid::bigint,
       h.inhparent::bigint, c.relfilenode::bigint
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_index as i on i.indexrelid = c.oid
left join pg_catalog.pg_inherits as h on h.inhrelid = c.oid and h.inhseqno = 1
where c.relkind in ('r', 'p', 'i', 'I', 'v', 'm', 'S', 'f')
  and c.oid > %(above)s::oid and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> 'dbmate_wrap'
