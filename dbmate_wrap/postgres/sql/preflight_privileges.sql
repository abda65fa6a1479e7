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
)

select json_build_object(
    'create_schema', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
    'has_current_schema', pg_catalog.current_schema() is not null,
    'closed_schemas', (
        select coalesce(json_agg(w.name order by w.name), '[]')
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
    'history_missing', (
        select coalesce(json_agg(privilege order by privilege), '[]')
        from history
        cross join (values ('SELECT'), ('INSERT'), ('DELETE')) as needed (privilege)
        where relation is not null and not pg_catalog.has_table_privilege(relation, privilege)
    )
)::text
