-- Tables with columns, keys and foreign keys, as one JSON text. Left out: partitions (their root stands for them),
-- temporary tables, what belongs to an extension, dbmate's history table and our own schema.
with entity as (
    select c.oid, n.nspname, c.relname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f')
      and not c.relispartition
      and c.relpersistence <> 't'
      and n.nspname <> 'information_schema'
      and n.nspname <> 'dbmate_wrap'
      and n.nspname !~ '^pg_'
      and not (n.nspname = %(schema)s and c.relname = %(table)s)
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e'
      )
),

attribute as (
    select
        a.attrelid,
        a.attnum,
        a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
        a.attnotnull or t.typnotnull as not_null
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where a.attnum > 0 and not a.attisdropped
),

-- A unique index on expressions or on some of the rows is no key of the table.
unique_key as (
    select
        i.indrelid,
        i.indisprimary,
        (
            select pg_catalog.jsonb_agg(a.attname order by k.place)
            from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality k (attnum, place)
            join attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
            where k.place <= i.indnkeyatts
        ) as columns
    from pg_catalog.pg_index i
    where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
),

-- Those of partitions are their root's, and so is what refers to a partition.
foreign_key as (
    select
        o.conname,
        o.convalidated,
        coalesce(pg_catalog.pg_partition_root(o.conrelid), o.conrelid) as owner,
        coalesce(pg_catalog.pg_partition_root(o.confrelid), o.confrelid) as referenced,
        (
            select pg_catalog.jsonb_agg(a.attname order by k.place)
            from pg_catalog.unnest(o.conkey) with ordinality k (attnum, place)
            join attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum
        ) as columns,
        (
            select pg_catalog.jsonb_agg(a.attname order by k.place)
            from pg_catalog.unnest(o.confkey) with ordinality k (attnum, place)
            join attribute a on a.attrelid = o.confrelid and a.attnum = k.attnum
        ) as referenced_columns
    from pg_catalog.pg_constraint o
    where o.contype = 'f' and o.conparentid = 0
)

select pg_catalog.jsonb_build_object(
    'entities', (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'schema', e.nspname,
            'name', e.relname,
            'columns', (
                select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                    'name', a.attname, 'type', a.type, 'not_null', a.not_null
                ) order by a.attnum), '[]')
                from attribute a
                where a.attrelid = e.oid
            ),
            'primary_key', (
                select u.columns from unique_key u where u.indrelid = e.oid and u.indisprimary
            ),
            'unique', (
                select coalesce(pg_catalog.jsonb_agg(distinct u.columns), '[]')
                from unique_key u
                where u.indrelid = e.oid and u.columns is not null
            )
        )), '[]')
        from entity e
    ),
    'foreign_keys', (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', f.conname,
            'schema', e.nspname,
            'table', e.relname,
            'columns', f.columns,
            'referenced_schema', r.nspname,
            'referenced_table', r.relname,
            'referenced_columns', f.referenced_columns,
            'validated', f.convalidated
        )), '[]')
        from foreign_key f
        join entity e on e.oid = f.owner
        join entity r on r.oid = f.referenced
    )
)::pg_catalog.text
