-- The server of this session, and the table in which dbmate keeps its history there (dbmate's own rule: a
-- bare name is looked for in current_schema(), and in public where there is none), with what makes it unfit to be
-- believed: rows that this role may not read, another tool's columns. Where row level security is active for this role,
-- history_policies.sql tells whether it hides rows. Raises nothing, whatever is missing.
with place as (
    select coalesce(nullif(%(schema)s, ''), pg_catalog.current_schema(), 'public') as schema, %(table)s as name
),

history as (
    select c.oid, c.relnamespace, c.relkind
    from place
    join pg_catalog.pg_namespace n on n.nspname = place.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = place.name
    where c.relkind in ('r', 'p', 'v', 'f', 'm')
)

select
    -- Some builds append their origin: `15.18 (Debian 15.18-0+deb12u1)`.
    pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) as version,
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version_num,
    place.schema,
    place.name as table,
    pg_catalog.format('%%I.%%I', place.schema, place.name) as name,
    h.oid is not null as exists,
    pg_catalog.quote_ident(current_user) as role,
    coalesce(
        pg_catalog.has_schema_privilege(h.relnamespace, 'usage')
        and pg_catalog.has_any_column_privilege(h.oid, 'select'),
        true
    ) as readable,
    coalesce(pg_catalog.row_security_active(h.oid), false) as hides_rows,
    coalesce(h.relkind in ('v', 'm'), false) as is_view,
    (
        select pg_catalog.json_agg(a.attname order by a.attnum)
        from pg_catalog.pg_index i
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        where i.indrelid = h.oid and i.indisprimary
    ) as key,
    exists (
        select from pg_catalog.pg_class r where r.relnamespace = h.relnamespace and r.relname = 'ar_internal_metadata'
    ) as beside_rails,
    (
        select pg_catalog.json_agg(pg_catalog.json_build_array(
            a.attname,
            t.typcategory = 'S',
            a.attnotnull and not a.atthasdef and a.attidentity = ''
        ) order by a.attnum)
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        where a.attrelid = h.oid and a.attnum > 0 and not a.attisdropped
    ) as columns
from place
left join history h on true
