-- Every object that a migration may make and somebody may have to drop by hand: `kind schema.name` in SQL, the
-- statement that drops it, the relations with which it is dropped anyway, its oid (the order in which things were made),
-- and whether it is an index that was left invalid and that nobody is building right now.
-- Not an extension's, not the history table of dbmate, not our own.
with relation as (
    select
        c.oid,
        case c.relkind
            when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
            when 'f' then 'foreign table' when 'S' then 'sequence' else 'index'
        end as kind,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name,
        c.relkind = 'i' and not i.indisvalid
            and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid) as invalid,
        k.conname,
        k.conrelid,
        i.indrelid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    left join pg_catalog.pg_constraint k on k.conindid = c.oid and k.contype in ('p', 'u', 'x')
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
      and n.nspname not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
      and n.nspname !~ '^pg_(toast|temp)'
      and not exists (
          select from pg_catalog.pg_class h join pg_catalog.pg_namespace s on s.oid = h.relnamespace
          where s.nspname = %(schema)s and h.relname = %(table)s and h.oid in (c.oid, i.indrelid)
      )
)
select
    r.kind || ' ' || r.name,
    case
        when r.invalid then 'drop index concurrently ' || r.name
        when r.conname is not null
            then pg_catalog.format('alter table %%s drop constraint %%I', t.name, r.conname)
        else pg_catalog.format('drop %%s %%s', r.kind, r.name)
    end,
    (
        select pg_catalog.string_agg(o.oid::pg_catalog.text, ' ')
        from (
            select d.refobjid from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = r.oid
              and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype in ('a', 'i', 'P', 'S')
            union
            select r.indrelid
        ) as o (oid)
    ),
    r.oid::bigint,
    r.invalid
from relation r
left join relation t on t.oid = r.conrelid
where not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid in (r.oid, r.indrelid)
      and d.deptype = 'e'
)
union all
select o.thing, 'drop ' || o.thing, null, o.oid::bigint, false
from (
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        'type ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname),
        t.oid,
        n.nspname
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r')
    union all
    select
        'pg_catalog.pg_proc'::pg_catalog.regclass,
        case p.prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end
            || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
            || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
        p.oid,
        n.nspname
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname not in ('pg_catalog', 'information_schema')
    union all
    select
        'pg_catalog.pg_namespace'::pg_catalog.regclass,
        'schema ' || pg_catalog.quote_ident(n.nspname),
        n.oid,
        n.nspname
    from pg_catalog.pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> %(schema)s
    union all
    select 'pg_catalog.pg_extension'::pg_catalog.regclass, 'extension ' || pg_catalog.quote_ident(e.extname), e.oid, ''
    from pg_catalog.pg_extension e
) as o (catalog, thing, oid, schema)
where o.schema not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
  and o.schema !~ '^pg_(toast|temp)'
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = o.catalog and d.objid = o.oid and d.deptype in ('e', 'i')
  )
