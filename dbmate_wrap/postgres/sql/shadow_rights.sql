-- Facts that pg_dump leaves out here: owners, privileges beyond the usual ones, settings of this database.
with here as (
    select oid, datdba, datacl from pg_catalog.pg_database where datname = pg_catalog.current_database()
),
lists as (
    select 'pg_catalog.pg_class'::regclass::oid as catalog, oid as object, 0 as part, relacl as list,
        pg_catalog.acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner) as usual
    from pg_catalog.pg_class
    union all
    select 'pg_catalog.pg_class'::regclass, attrelid, attnum, attacl, null
    from pg_catalog.pg_attribute
    where not attisdropped
    union all
    select 'pg_catalog.pg_proc'::regclass, oid, 0, proacl, pg_catalog.acldefault('f', proowner) from pg_catalog.pg_proc
    union all
    select 'pg_catalog.pg_type'::regclass, oid, 0, typacl, pg_catalog.acldefault('T', typowner) from pg_catalog.pg_type
    union all
    select 'pg_catalog.pg_namespace'::regclass, oid, 0, nspacl, pg_catalog.acldefault('n', nspowner)
    from pg_catalog.pg_namespace
    union all
    select 'pg_catalog.pg_language'::regclass, oid, 0, lanacl, pg_catalog.acldefault('l', lanowner)
    from pg_catalog.pg_language
    union all
    select 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl, pg_catalog.acldefault('F', fdwowner)
    from pg_catalog.pg_foreign_data_wrapper
    union all
    select 'pg_catalog.pg_foreign_server'::regclass, oid, 0, srvacl, pg_catalog.acldefault('S', srvowner)
    from pg_catalog.pg_foreign_server
    union all
    select 'pg_catalog.pg_default_acl'::regclass, oid, 0, defaclacl, null from pg_catalog.pg_default_acl
    union all
    select 'pg_catalog.pg_database'::regclass, oid, 0, datacl, pg_catalog.acldefault('d', datdba) from here
),
-- Null is a list that was never touched; one that was may say the same as the usual one.
privileges as (
    select catalog, object, part, told.list as fact
    from lists
    cross join lateral (
        select pg_catalog.string_agg(told, ', ' order by told)
        from pg_catalog.aclexplode(lists.list) as a
        cross join pg_catalog.format('%%s %%s %%s', a.grantee::regrole, a.privilege_type, a.is_grantable) as told
    ) as told (list)
    cross join lateral (
        select pg_catalog.string_agg(told, ', ' order by told)
        from pg_catalog.aclexplode(lists.usual) as a
        cross join pg_catalog.format('%%s %%s %%s', a.grantee::regrole, a.privilege_type, a.is_grantable) as told
    ) as untold (list)
    where lists.list is not null and told.list is distinct from untold.list
),
facts as (
    select 'the privileges' as what, p.* from privileges as p
    union all
    -- The first superuser, who initdb made, is in no such row.
    select 'the owner', classid, objid, 0, refobjid::regrole::text
    from pg_catalog.pg_shdepend
    where deptype = 'o' and dbid = (select oid from here)
    union all
    select 'the owner', 'pg_catalog.pg_database'::regclass, oid, 0, datdba::regrole::text from here
),
named (name, fact) as (
    select
        case
            when f.catalog = 'pg_catalog.pg_database'::regclass then what || ' of the database'
            when i.type = 'default acl' then 'the default privileges ' || i.identity
            else pg_catalog.format('%%s of %%s %%s', what, i.type, i.identity)
        end,
        coalesce(f.fact, '')
    from facts as f
    cross join lateral pg_catalog.pg_identify_object(f.catalog, f.object, f.part) as i
    -- dbmate makes its history table, and the schema of that, by itself.
    where not (
        (f.catalog = 'pg_catalog.pg_class'::regclass and i.schema = %(schema)s and i.name = %(table)s)
        or (f.catalog = 'pg_catalog.pg_namespace'::regclass and i.name = %(schema)s and what = 'the owner')
    )
    union all
    select
        pg_catalog.format('the setting %%s of the database', pg_catalog.split_part(setting, '=', 1)),
        pg_catalog.format('%%s %%s', s.setrole::regrole, setting)
    from here
    join pg_catalog.pg_db_role_setting as s on s.setdatabase = here.oid
    cross join pg_catalog.unnest(s.setconfig) as setting
)
select name, pg_catalog.string_agg(fact, E'\n' order by fact)
from named
group by name
