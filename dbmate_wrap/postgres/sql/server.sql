-- Who and what this session is connected to, where dbmate looks for its history (its own rule: a bare table name
-- is looked for in current_schema(), and in public where there is none), and whether anything else is there.
select
    current_setting('server_version') as server_version,
    current_setting('server_version_num')::int as server_version_num,
    coalesce(nullif(%(schema)s, ''), current_schema(), 'public') as history_schema,
    exists (
        select from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = coalesce(nullif(%(schema)s, ''), current_schema(), 'public')
          and c.relname = %(table)s
          and c.relkind in ('r', 'p', 'v', 'f', 'm')
    ) as has_history
