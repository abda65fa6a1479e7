-- The privileges of this account: make schemas; make objects in the schemas that are wanted ('' is the current one);
-- make and write the history table.
with wish as (
    select
        %(question)s::jsonb -> 'schemas' as schemas,
        %(question)s::jsonb ->> 'history_schema' as history_schema,
        %(question)s::jsonb ->> 'history_table' as history_table
),

wanted as (
    select distinct coalesce(nullif(name, ''), pg_catalog.current_schema()::text) as name
    from wish, pg_catalog.jsonb_array_elements_text(wish.schemas) as listed (name)
),

history as (
    select n.oid as schema, c.oid as relation
    from wish
    join pg_catalog.pg_namespace n on n.nspname = wish.history_schema
    left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wish.history_table
),

-- The relations that are changed; an index belongs to its table's owner.
touched as (
    select distinct t.oid, t.relname, tn.nspname, t.relowner, each ->> 2 as need, n.nspowner
    from pg_catalog.jsonb_array_elements(%(question)s::jsonb -> 'touched') as listed (each)
    join pg_catalog.pg_class c on c.relname = each ->> 1
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    join pg_catalog.pg_class t on t.oid = coalesce(i.indrelid, c.oid)
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    where t.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and case each ->> 0 when '' then pg_catalog.pg_table_is_visible(c.oid) else n.nspname = each ->> 0 end
)

select pg_catalog.json_build_object(
    'create_schema', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
    'has_current_schema', pg_catalog.current_schema() is not null,
    'closed_schemas', (
        select coalesce(pg_catalog.json_agg(w.name order by w.name), '[]')
        from wanted w
        join pg_catalog.pg_namespace n on n.nspname = w.name
        where not (
            pg_catalog.has_schema_privilege(n.oid, 'CREATE') and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        )
    ),
    'history_schema_exists', exists (select from history),
    'history_schema_open', (
        select
            pg_catalog.has_schema_privilege(schema, 'CREATE') and pg_catalog.has_schema_privilege(schema, 'USAGE')
        from history
    ),
    'history_owner', (
        select pg_catalog.pg_get_userbyid(c.relowner) from history join pg_catalog.pg_class c on c.oid = relation
    ),
    'history_missing', (
        select coalesce(pg_catalog.json_agg(privilege order by privilege), '[]')
        from history
        cross join (values ('SELECT'), ('INSERT'), ('DELETE')) as needed (privilege)
        where relation is not null and not pg_catalog.has_table_privilege(relation, privilege)
    ),
    'not_owned', (
        select coalesce(pg_catalog.json_agg(distinct pg_catalog.jsonb_build_object(
            'name', pg_catalog.format('table %%I.%%I', nspname, relname),
            'owner', pg_catalog.pg_get_userbyid(relowner),
            'by_superuser', exists (select from pg_catalog.pg_roles r where r.oid = relowner and r.rolsuper)
        )), '[]')
        from touched
        where not pg_catalog.pg_has_role(relowner, 'USAGE')
            and not (need = 'drop' and pg_catalog.pg_has_role(nspowner, 'USAGE'))
            and not case need when 'trigger' then pg_catalog.has_table_privilege(oid, 'TRIGGER') else false end
    )
)::text
