-- Partitions that a DETACH ... CONCURRENTLY has marked and not taken off (servers before 14 have none), each with the
-- statement that ends it.
select pg_catalog.json_build_object(
    'detaching', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', pg_catalog.format('%%I.%%I', n.nspname, c.relname),
        'finish', pg_catalog.format(
            'alter table %%I.%%I detach partition %%I.%%I finalize', pn.nspname, p.relname, n.nspname, c.relname
        )
    ) order by n.nspname, c.relname), '[]')
)::text
from pg_catalog.pg_inherits i
join pg_catalog.pg_class c on c.oid = i.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = i.inhparent
join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
where p.relkind = 'p' and (pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::pg_catalog.bool
