-- Indexes that a concurrent build, rebuild or removal left behind unfinished, by their quoted names. Not those that
-- somebody is still building (an account that may not see of which index the progress is sees at least who
-- builds, and his lock), nor those of partitioned tables, which are invalid until every partition has its part.
select pg_catalog.json_build_object(
    'invalid', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
        'schema', schema, 'name', name, 'quoted', pg_catalog.format('%%I.%%I', schema, name), 'visible', visible
    ) order by schema, name), '[]')
)::text
from (
    select n.nspname as schema, c.relname as name, pg_catalog.pg_table_is_visible(c.oid) as visible
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid
        and c.relkind = 'i'
        and c.relpersistence <> 't'
        and not exists (
            select
            from pg_catalog.pg_stat_progress_create_index p
            join pg_catalog.pg_locks l on l.pid = p.pid
            where p.datname = pg_catalog.current_database()
                and l.relation = i.indrelid
                and l.mode = 'ShareUpdateExclusiveLock'
                and coalesce(p.index_relid, i.indexrelid) = i.indexrelid
        )
) as found
