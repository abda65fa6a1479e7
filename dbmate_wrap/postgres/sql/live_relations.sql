-- The named relations that exist, from the catalogs and the files: rows, and bytes of heap, indexes and TOAST; of a
-- partitioned table the sums over its partitions. `names` is a JSON list of names as people read them.
-- The size of a file is asked only where nobody holds, or waits for, a lock that this would have to wait for; there,
-- or where `estimate`, the pages of the last VACUUM or ANALYZE are taken. `:locks` is filled in by
-- postgres/live_relations.py. For a lock that somebody takes meanwhile there is a lock_timeout: until the end of this
-- statement, since a setting of the session might stay behind in a pooler. All else comes after `wanted`.
with recursive wanted as materialized (
    select c.oid, n.nspname || '.' || c.relname as name, c.relkind
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname || '.' || c.relname in (select pg_catalog.json_array_elements_text(%(names)s::json))
      and c.relkind in ('r', 'p', 'i', 'I', 'm', 'v', 'S', 'f')
      and (select pg_catalog.set_config('lock_timeout', '500ms', true)) is not null
),

-- Not pg_partition_tree, which locks each of them.
part (root, oid) as (
    select oid, oid from wanted
    union all
    select part.root, i.inhrelid
    from part
    join pg_catalog.pg_class c on c.oid = part.oid and c.relkind in ('p', 'I')
    join pg_catalog.pg_inherits i on i.inhparent = part.oid
),

leaf as materialized (
    select part.root, c.oid, c.reltuples, c.relpages, c.reltoastrelid
    from part
    join pg_catalog.pg_class c on c.oid = part.oid
    where c.relkind in ('r', 'i', 'm', 'S')
),

file as materialized (
    select root, oid as leaf, oid, 'heap' as kind from leaf
    union all
    select leaf.root, leaf.oid, i.indexrelid, 'indexes'
    from leaf
    join pg_catalog.pg_index i on i.indrelid = leaf.oid
    union all
    select leaf.root, leaf.oid, toast.oid, 'toast'
    from leaf
    left join pg_catalog.pg_index i on i.indrelid = leaf.reltoastrelid
    cross join lateral (values (leaf.reltoastrelid), (i.indexrelid)) toast (oid)
    where toast.oid <> 0
),

locked as materialized (
    select distinct l.relation
    from :locks l
    where l.locktype = 'relation'
      and l.mode = 'AccessExclusiveLock'
      and l.database = (
          select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
      )
),

size as materialized (
    select
        file.*,
        coalesce(case
            when %(estimate)s or file.oid in (select relation from locked)
                then c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint
            else pg_catalog.pg_relation_size(file.oid)
        end, 0) as bytes
    from file
    join pg_catalog.pg_class c on c.oid = file.oid
),

-- Never analysed: -1, and before PostgreSQL 14 no pages and no rows. An empty file has no rows all the same.
counted as (
    select
        leaf.root,
        case
            when coalesce(size.bytes, 0) = 0 then 0
            when leaf.reltuples < 0 or (leaf.reltuples = 0 and leaf.relpages = 0) then null
            else leaf.reltuples
        end as rows
    from leaf
    left join size on size.oid = leaf.oid and size.root = leaf.root and size.kind = 'heap'
)

select
    wanted.oid::bigint as oid,
    wanted.name,
    wanted.relkind in ('r', 'p', 'm') as has_rows,
    (
        select case
            -- A view or a foreign table has no files here.
            when wanted.relkind in ('v', 'f', 'S') then null
            when pg_catalog.count(*) = pg_catalog.count(counted.rows)
                then coalesce(pg_catalog.sum(counted.rows), 0)::bigint
        end
        from counted
        where counted.root = wanted.oid
    ) as rows,
    coalesce(total.heap, 0)::bigint as heap,
    coalesce(total.indexes, 0)::bigint as indexes,
    coalesce(total.toast, 0)::bigint as toast
from wanted
cross join lateral (
    select
        pg_catalog.sum(bytes) filter (where kind = 'heap') as heap,
        pg_catalog.sum(bytes) filter (where kind = 'indexes') as indexes,
        pg_catalog.sum(bytes) filter (where kind = 'toast') as toast
    from size
    where size.root = wanted.oid
) total
order by wanted.name
