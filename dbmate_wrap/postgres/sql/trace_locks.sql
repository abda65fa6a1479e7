-- Relations that a server process has locked, or waits for: oid, modes, and as in trace_relations.sql, where it is one
-- of the database's own schemas and still there. What comes with PostgreSQL has an OID below 16384. Without those
-- between `known` and `told`: a migration that makes a thousand tables has them all locked to its end.
select l.relation::bigint, l.modes, n.nspname, c.relname, c.relkind::text, c.relispartition, i.indrelid::bigint,
       h.inhparent::bigint, c.relfilenode::bigint
from (
  select relation, pg_catalog.string_agg(distinct mode, ' ') as modes
  from pg_catalog.pg_locks
  where pid = %(pid)s and locktype = 'relation' and relation >= 16384
    and (relation <= %(known)s::oid or relation > %(told)s::oid)
    and database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
  group by relation
) as l
left join (
  pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> 'dbmate_wrap'
) on c.oid = l.relation and c.relkind in ('r', 'p', 'i', 'I', 'v', 'm', 'S', 'f')
left join pg_catalog.pg_index as i on i.indexrelid = c.oid
left join pg_catalog.pg_inherits as h on h.inhrelid = c.oid and h.inhseqno = 1
