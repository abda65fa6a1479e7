-- CREATE DATABASE copies neither a database's settings nor its privileges: the commands that do.
with source as (
    select oid, datdba, datacl from pg_catalog.pg_database where datname = %(source)s
)
select command
from (
    -- SET ... FROM CURRENT stores exactly the text that was stored, lists of names included.
    select
        1 as step,
        pg_catalog.format(
            'select pg_catalog.set_config(%%L, %%L, true); alter %%s set %%I from current',
            pg_catalog.split_part(setting, '=', 1),
            pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1),
            case
                when r.rolname is null then pg_catalog.format('database %%I', %(target)s::text)
                else pg_catalog.format('role %%I in database %%I', r.rolname, %(target)s::text)
            end,
            pg_catalog.split_part(setting, '=', 1)
        ) as command
    from source
    join pg_catalog.pg_db_role_setting as s on s.setdatabase = source.oid
    left join pg_catalog.pg_roles as r on r.oid = s.setrole
    cross join pg_catalog.unnest(s.setconfig) as setting
    union all
    select 2, pg_catalog.format('revoke all on database %%I from public', %(target)s::text)
    from source
    where datacl is not null
    union all
    select
        3,
        pg_catalog.format(
            'grant %%s on database %%I to %%s%%s',
            a.privilege_type,
            %(target)s::text,
            case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
            case when a.is_grantable then ' with grant option' end
        )
    from source
    cross join pg_catalog.aclexplode(source.datacl) as a
    where a.grantee <> source.datdba
) as commands
order by step
