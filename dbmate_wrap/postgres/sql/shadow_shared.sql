-- What pg_dump leaves out and a migration may change beside its schema: roles and their settings, extensions' versions.
-- `role` and `other` are the roles that a fact is about. Passwords cannot be read, and are not compared.
select pg_catalog.format('role %%I', rolname) as name, rolname::text as role, null::text as other, '' as fact
from pg_catalog.pg_roles
union all
select pg_catalog.format('the attribute %%s of role %%I', attribute, rolname), rolname, null, ''
from pg_catalog.pg_roles
cross join lateral pg_catalog.unnest(array[
    case when rolsuper then 'SUPERUSER' end,
    case when not rolinherit then 'NOINHERIT' end,
    case when rolcreaterole then 'CREATEROLE' end,
    case when rolcreatedb then 'CREATEDB' end,
    case when rolcanlogin then 'LOGIN' end,
    case when rolreplication then 'REPLICATION' end,
    case when rolbypassrls then 'BYPASSRLS' end,
    case when rolconnlimit <> -1 then pg_catalog.format('CONNECTION LIMIT %%s', rolconnlimit) end,
    case when rolvaliduntil is not null then pg_catalog.format('VALID UNTIL %%L', rolvaliduntil at time zone 'UTC') end
]) as attribute
where attribute is not null
union all
select
    pg_catalog.format('the membership of role %%I in %%I', member.rolname, granted.rolname), member.rolname, granted.rolname,
    pg_catalog.string_agg(told, ' ' order by told)
from pg_catalog.pg_auth_members as m
cross join pg_catalog.format(
    '%%I %%s', pg_catalog.pg_get_userbyid(m.grantor), pg_catalog.to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor'
) as told
join pg_catalog.pg_roles as granted on granted.oid = m.roleid
join pg_catalog.pg_roles as member on member.oid = m.member
group by member.rolname, granted.rolname
union all
select
    pg_catalog.format('the setting %%s of %%s', pg_catalog.split_part(setting, '=', 1), coalesce('role ' || pg_catalog.quote_ident(r.rolname), 'all roles')),
    r.rolname, null, setting
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_roles as r on r.oid = s.setrole
cross join pg_catalog.unnest(s.setconfig) as setting
where s.setdatabase = 0
union all
select pg_catalog.format('the version of extension %%I', extname), null, null, extversion
from pg_catalog.pg_extension
