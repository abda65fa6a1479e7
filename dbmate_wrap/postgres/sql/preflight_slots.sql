-- The connections that this account still gets: from the server (without the reserved ones), by its own limit and by
-- the database's, null where there is none. Superusers are held by the server's alone.
with me as (
    select oid, rolsuper, rolconnlimit from pg_catalog.pg_roles where rolname = session_user
),

here as (
    select oid, datconnlimit from pg_catalog.pg_database where datname = pg_catalog.current_database()
),

used as (
    select
        pg_catalog.count(*) as server,
        pg_catalog.count(*) filter (where usesysid = (select oid from me)) as role,
        pg_catalog.count(*) filter (where datid = (select oid from here)) as database
    from pg_catalog.pg_stat_activity
    -- The type of a session that this account may not look into is null; what has no user or no database is not
    -- a client.
    where coalesce(backend_type, 'client backend') = 'client backend'
        and usesysid is not null
        and datid is not null
)

select pg_catalog.json_build_object(
    'server', pg_catalog.current_setting('max_connections')::integer
    - case when me.rolsuper then 0 else
        pg_catalog.current_setting('superuser_reserved_connections')::integer
        + coalesce(pg_catalog.current_setting('reserved_connections', true)::integer, 0)
    end - used.server,
    'role', case when not me.rolsuper and me.rolconnlimit >= 0 then me.rolconnlimit - used.role end,
    'database', case when not me.rolsuper and here.datconnlimit >= 0 then here.datconnlimit - used.database end
)::text
from me, here, used
