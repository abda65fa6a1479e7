-- The user of this session, the server process that serves it, and what keeps the server from taking writes.
select pg_catalog.json_build_object(
    'backend_pid', pg_catalog.pg_backend_pid(),
    'user', current_user,
    'database', pg_catalog.current_database(),
    'in_recovery', pg_catalog.pg_is_in_recovery(),
    'read_only', pg_catalog.current_setting('transaction_read_only')::boolean,
    -- Read only where it matters: the view evaluates every setting.
    'read_only_source', case when pg_catalog.current_setting('default_transaction_read_only')::boolean then (
        select source from pg_catalog.pg_settings where name = 'default_transaction_read_only'
    ) end
)::text
