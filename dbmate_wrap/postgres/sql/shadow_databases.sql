select
    d.datname,
    r.rolname = current_user as ours,
    -- -2: a DROP DATABASE was interrupted (14.9, 15.4, 16)
    d.datconnlimit <> -2 as valid,
    exists (select 1 from pg_catalog.pg_stat_activity as a where a.datid = d.oid) as busy,
    pg_catalog.shobj_description(d.oid, 'pg_database')
from pg_catalog.pg_database as d
join pg_catalog.pg_roles as r on r.oid = d.datdba
order by d.datname
