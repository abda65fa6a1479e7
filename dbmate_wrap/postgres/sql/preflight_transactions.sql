-- Transactions of others in this database that are older than a minute, or open while nothing runs in them (a
-- tenth of a second passes by in any program); and how many sessions this account may not look into.
with others as (
    select
        pid,
        application_name,
        usename,
        state,
        -- Of SQL_ASCII not even the encoding is known.
        case
            when pg_catalog.getdatabaseencoding() = 'SQL_ASCII'
                then pg_catalog.regexp_replace(pg_catalog.left(query, 1000), '[^\x01-\x7f]', '?', 'g')
            else pg_catalog.left(query, 1000)
        end as query,
        query = '<insufficient privilege>' as hidden,
        extract(epoch from pg_catalog.clock_timestamp() - xact_start) as age,
        state like 'idle in transaction%%'
            and pg_catalog.clock_timestamp() - state_change > interval '100 milliseconds' as idle
    from pg_catalog.pg_stat_activity
    where datname = pg_catalog.current_database()
        and pid <> pg_catalog.pg_backend_pid()
        and not pg_catalog.starts_with(application_name, %(question)s::jsonb ->> 'ours')
        -- Autovacuum has no user, and gives way to whoever waits for it.
        and usename is not null
        and backend_type is distinct from 'parallel worker'
),

long as (
    select * from others where age > 60 or idle
    order by age desc
    limit 20
)

select pg_catalog.json_build_object(
    'transactions', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'pid', pid, 'application', application_name, 'user', usename, 'idle', coalesce(idle, false), 'age', age,
            'query', coalesce(query, '')
        ) order by age desc), '[]')
        from long
    ),
    'hidden', (select pg_catalog.count(*) from others where hidden)
)::text
