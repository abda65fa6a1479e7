-- Facts that belong to no database: `name` and `other` are the roles that a fact is about, both null for none.
with foreign_databases as (
    select oid, datname, datacl from pg_catalog.pg_database where datname !~ %(ours)s
)
select r.rolname::text as name, null::text as other, (pg_catalog.to_jsonb(r) - 'oid' - 'rolpassword')::text as fact
from pg_catalog.pg_roles as r
union all
select
    granted.rolname, member.rolname,
    (pg_catalog.to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor')::text || coalesce(grantor.rolname, '')
from pg_catalog.pg_auth_members as m
join pg_catalog.pg_roles as granted on granted.oid = m.roleid
join pg_catalog.pg_roles as member on member.oid = m.member
left join pg_catalog.pg_roles as grantor on grantor.oid = m.grantor
union all
select r.rolname, null, pg_catalog.format('setting %%s %%s', d.datname, s.setconfig)
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_roles as r on r.oid = s.setrole
left join foreign_databases as d on d.oid = s.setdatabase
where s.setdatabase = 0 or d.oid is not null
union all
select null, null, pg_catalog.format('database %%s %%s', datname, datacl)
from foreign_databases
union all
select null, null, pg_catalog.format('tablespace %%s %%s', spcname, spcacl)
from pg_catalog.pg_tablespace
union all
select null, null, pg_catalog.format('slot %%s', slot_name)
from pg_catalog.pg_replication_slots
union all
select null, null, pg_catalog.format('origin %%s', roname)
from pg_catalog.pg_replication_origin
order by 1, 2, 3
