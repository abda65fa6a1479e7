-- The limits that end a long transaction or statement of this account here: transaction_timeout (new in 17), and
-- statement_timeout where role or database have one; this session has switched its own off.
with here as (
    select
        d.oid as database,
        (select r.oid from pg_catalog.pg_roles r where r.rolname = session_user) as role,
        'role "' || pg_catalog.replace(session_user, '"', '""') || '"' as of_role,
        'database "' || pg_catalog.replace(d.datname, '"', '""') || '"' as of_database
    from pg_catalog.pg_database d
    where d.datname = pg_catalog.current_database()
),

settings as (
    select
        pg_catalog.split_part(entry, '=', 1) as name,
        pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1) as value,
        pg_catalog.concat_ws(
            ' in ', case when s.setrole <> 0 then of_role end, case when s.setdatabase <> 0 then of_database end
        ) as set_for,
        pg_catalog.row_number() over (
            partition by pg_catalog.split_part(entry, '=', 1)
            order by s.setrole = 0, s.setdatabase = 0
        ) as place
    from here
    join pg_catalog.pg_db_role_setting s on s.setdatabase in (0, here.database) and s.setrole in (0, here.role)
    cross join pg_catalog.unnest(s.setconfig) as listed (entry)
),

limits as (
    select wanted.name, pg_catalog.current_setting(wanted.name, true) as value, coalesce(s.set_for, '') as set_for
    from (values ('transaction_timeout')) as wanted (name)
    left join settings s on s.name = wanted.name and s.place = 1
    union all
    select name, case when value ~ '^\d+$' then value || 'ms' else value end, set_for
    from settings
    where name = 'statement_timeout' and place = 1
)

select pg_catalog.json_build_object('limits', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', name,
    'value', value,
    'seconds', extract(epoch from value::interval),
    'set_for', set_for,
    'own', of_role || ' in ' || of_database
) order by name), '[]'))::text
from limits
cross join here
where value::interval > '0'
