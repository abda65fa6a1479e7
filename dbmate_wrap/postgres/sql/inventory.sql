-- Everything that a migration may make, change or drop, as the catalogs have it: `kind schema.name` in SQL, a digest of
-- its definition, the statement that undoes it (null where there is none), the objects with which it is dropped anyway,
-- its oid (the order in which things were made; 0 for what is a part, 1 for roles, which go last), and whether it is an index that was left invalid and that nobody is
-- building right now. Comments, statistics and what PostgreSQL derives from other rows are left out of the digest.
-- Not an extension's, not PostgreSQL's own (oids below 16384, but for schema public), not the history table of dbmate,
-- not our own. Subscriptions and user mappings are read without what only a superuser may see.
with history as (
    select c.oid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = %(schema)s and c.relname = %(table)s
),

relation as (
    select
        c.oid,
        c.relkind,
        c.relnamespace,
        coalesce(i.indrelid, 0::oid) as table_oid,
        c.relkind = 'i' and not i.indisvalid
            and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid) as invalid,
        pg_catalog.to_jsonb(c) - array[
            'oid', 'relfilenode', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid',
            'relhasindex', 'relhasrules', 'relhastriggers', 'relhassubclass', 'relchecks', 'relnatts', 'reltoastrelid',
            'relrewrite'
        ]
        || coalesce(pg_catalog.to_jsonb(i) - array['indcheckxmin'], '{}')
        || coalesce(pg_catalog.to_jsonb(s) - array['seqrelid'], '{}')
        || pg_catalog.jsonb_build_object('view', (
            select pg_catalog.md5(r.ev_action::pg_catalog.text)
            from pg_catalog.pg_rewrite r
            where r.ev_class = c.oid and r.rulename = '_RETURN'
        )) as definition
    from pg_catalog.pg_class c
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    left join pg_catalog.pg_sequence s on s.seqrelid = c.oid
    where c.oid >= 16384
      and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
      and c.oid not in (select oid from history)
      and coalesce(i.indrelid, 0::oid) not in (select oid from history)
),

-- catalog, oid, sub-object (a column), schema, the objects that it is a part of, definition
object (catalog, oid, sub, nsp, owners, definition) as (
    select 'pg_class'::regclass, r.oid, 0, r.relnamespace, array[r.table_oid], r.definition
    from relation r
    union all
    select
        'pg_class'::regclass,
        a.attrelid,
        a.attnum,
        c.relnamespace,
        array[a.attrelid, c.reltype],
        pg_catalog.to_jsonb(a) - array['attmissingval', 'attcacheoff', 'atthasmissing']
        || pg_catalog.jsonb_build_object('default', (
            select pg_catalog.pg_get_expr(d.adbin, d.adrelid)
            from pg_catalog.pg_attrdef d
            where d.adrelid = a.attrelid and d.adnum = a.attnum
        ))
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'f', 'c')
    where a.attrelid >= 16384 and a.attnum > 0 and not a.attisdropped
    union all
    select
        'pg_constraint'::regclass,
        c.oid,
        0,
        c.connamespace,
        array[c.conrelid, c.contypid],
        pg_catalog.to_jsonb(c) - array['conbin', 'conindid']
        || pg_catalog.jsonb_build_object('text', pg_catalog.pg_get_constraintdef(c.oid))
    from pg_catalog.pg_constraint c
    -- On 18 NOT NULL is a constraint: it is told with the column.
    where c.oid >= 16384 and c.contype not in ('n', 't') and c.conparentid = 0
    union all
    select 'pg_trigger'::regclass, t.oid, 0, 0, array[t.tgrelid], pg_catalog.to_jsonb(t)
    from pg_catalog.pg_trigger t
    where t.oid >= 16384 and not t.tgisinternal and (pg_catalog.to_jsonb(t) ->> 'tgparentid') is not distinct from '0'
    union all
    select 'pg_rewrite'::regclass, r.oid, 0, 0, array[r.ev_class], pg_catalog.to_jsonb(r)
    from pg_catalog.pg_rewrite r
    where r.oid >= 16384 and r.rulename <> '_RETURN'
    union all
    select 'pg_policy'::regclass, p.oid, 0, 0, array[p.polrelid], pg_catalog.to_jsonb(p)
    from pg_catalog.pg_policy p
    union all
    select 'pg_statistic_ext'::regclass, s.oid, 0, s.stxnamespace, array[s.stxrelid], pg_catalog.to_jsonb(s)
    from pg_catalog.pg_statistic_ext s
    union all
    select 'pg_type'::regclass, t.oid, 0, t.typnamespace, array[0::oid], pg_catalog.to_jsonb(t) - array['typarray']
    from pg_catalog.pg_type t
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where t.oid >= 16384
      and (t.typtype in ('e', 'd', 'r', 'b') and t.typcategory <> 'A' or t.typtype = 'c' and c.relkind = 'c')
    union all
    select 'pg_proc'::regclass, p.oid, 0, p.pronamespace, array[0::oid], pg_catalog.to_jsonb(p)
    from pg_catalog.pg_proc p
    where p.oid >= 16384
    union all
    select 'pg_namespace'::regclass, n.oid, 0, n.oid, array[0::oid], pg_catalog.to_jsonb(n)
    from pg_catalog.pg_namespace n
    where n.oid >= 16384 or n.nspname = 'public'
    union all
    select 'pg_extension'::regclass, e.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(e)
    from pg_catalog.pg_extension e
    where e.oid >= 16384
    union all
    select 'pg_collation'::regclass, c.oid, 0, c.collnamespace, array[0::oid], pg_catalog.to_jsonb(c)
    from pg_catalog.pg_collation c
    where c.oid >= 16384
    union all
    select 'pg_operator'::regclass, o.oid, 0, o.oprnamespace, array[0::oid], pg_catalog.to_jsonb(o)
    from pg_catalog.pg_operator o
    where o.oid >= 16384
    union all
    select 'pg_opfamily'::regclass, o.oid, 0, o.opfnamespace, array[0::oid], pg_catalog.to_jsonb(o)
    from pg_catalog.pg_opfamily o
    where o.oid >= 16384
    union all
    select 'pg_opclass'::regclass, o.oid, 0, o.opcnamespace, array[o.opcfamily], pg_catalog.to_jsonb(o)
    from pg_catalog.pg_opclass o
    where o.oid >= 16384
    union all
    select 'pg_cast'::regclass, c.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(c)
    from pg_catalog.pg_cast c
    where c.oid >= 16384
    union all
    select 'pg_conversion'::regclass, c.oid, 0, c.connamespace, array[0::oid], pg_catalog.to_jsonb(c)
    from pg_catalog.pg_conversion c
    where c.oid >= 16384
    union all
    select 'pg_language'::regclass, l.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(l)
    from pg_catalog.pg_language l
    where l.oid >= 16384
    union all
    select 'pg_transform'::regclass, t.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(t)
    from pg_catalog.pg_transform t
    where t.oid >= 16384
    union all
    select 'pg_am'::regclass, a.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(a)
    from pg_catalog.pg_am a
    where a.oid >= 16384
    union all
    select 'pg_ts_config'::regclass, t.oid, 0, t.cfgnamespace, array[0::oid], pg_catalog.to_jsonb(t)
    from pg_catalog.pg_ts_config t
    where t.oid >= 16384
    union all
    select 'pg_ts_dict'::regclass, t.oid, 0, t.dictnamespace, array[0::oid], pg_catalog.to_jsonb(t)
    from pg_catalog.pg_ts_dict t
    where t.oid >= 16384
    union all
    select 'pg_ts_parser'::regclass, t.oid, 0, t.prsnamespace, array[0::oid], pg_catalog.to_jsonb(t)
    from pg_catalog.pg_ts_parser t
    where t.oid >= 16384
    union all
    select 'pg_ts_template'::regclass, t.oid, 0, t.tmplnamespace, array[0::oid], pg_catalog.to_jsonb(t)
    from pg_catalog.pg_ts_template t
    where t.oid >= 16384
    union all
    select 'pg_event_trigger'::regclass, e.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(e)
    from pg_catalog.pg_event_trigger e
    union all
    select 'pg_foreign_data_wrapper'::regclass, f.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(f)
    from pg_catalog.pg_foreign_data_wrapper f
    union all
    select 'pg_foreign_server'::regclass, f.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(f)
    from pg_catalog.pg_foreign_server f
    union all
    select 'pg_user_mapping'::regclass, u.umid, 0, 0, array[u.srvid], pg_catalog.to_jsonb(u)
    from pg_catalog.pg_user_mappings u
    union all
    select 'pg_publication'::regclass, p.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(p)
    from pg_catalog.pg_publication p
    union all
    select 'pg_publication_rel'::regclass, p.oid, 0, 0, array[p.prpubid], pg_catalog.to_jsonb(p)
    from pg_catalog.pg_publication_rel p
    union all
    select
        'pg_subscription'::regclass,
        s.oid,
        0,
        0,
        array[0::oid],
        pg_catalog.jsonb_build_array(s.subname, s.subenabled, s.subslotname, s.subpublications)
    from pg_catalog.pg_subscription s
    where s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    union all
    select 'pg_default_acl'::regclass, d.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(d)
    from pg_catalog.pg_default_acl d
    union all
    select 'pg_largeobject'::regclass, l.oid, 0, 0, array[0::oid], pg_catalog.to_jsonb(l)
    from pg_catalog.pg_largeobject_metadata l
),

told as (
    select o.*, f.type, f.schema, f.name, f.identity
    from object o
    left join pg_catalog.pg_namespace n on n.oid = o.nsp
    cross join lateral pg_catalog.pg_identify_object(o.catalog, o.oid, o.sub) as f
    where coalesce(n.nspname, '') not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
      and coalesce(n.nspname, '') !~ '^pg_(toast|temp)'
      and f.identity is not null
      and not exists (select from history h where h.oid = any (o.owners || o.oid))
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = o.catalog
            and d.objid = o.oid
            -- What a type makes for itself: its constructors and casts.
            and (d.deptype = 'e' or d.deptype = 'i' and o.catalog in ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass))
      )
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = any (o.owners) and d.deptype = 'e'
      )
),

named as (
    select
        t.*,
        case t.type
            when 'table column' then 'column'
            when 'composite type column' then 'attribute'
            when 'foreign table column' then 'column'
            when 'table constraint' then 'constraint'
            when 'domain constraint' then 'constraint'
            when 'foreign-data wrapper' then 'foreign data wrapper'
            when 'statistics object' then 'statistics'
            when 'default acl' then 'default privileges'
            else t.type
        end || ' ' || t.identity as thing,
        -- Both forms are `NAME on TABLE`; the name may have that word in it, the table cannot unless it is quoted.
        pg_catalog.regexp_replace(t.identity, '^.* on ', '') as on_object,
        pg_catalog.regexp_replace(t.identity, ' on (?!.* on ).*$', '') as own_name
    from told t
)

select
    n.thing as name,
    case
        when r.invalid then 'drop index concurrently ' || n.identity
        when n.type in ('table column', 'foreign table column')
            then pg_catalog.format(
                'alter table %%s drop column %%I',
                a.attrelid::pg_catalog.regclass::pg_catalog.text,
                a.attname
            )
        when n.type = 'composite type column'
            then pg_catalog.format('alter type %%s drop attribute %%I', a.attrelid::pg_catalog.regclass, a.attname)
        when n.type = 'table constraint' then pg_catalog.format('alter table %%s drop constraint %%s', n.on_object, n.own_name)
        when n.type = 'domain constraint'
            then pg_catalog.format('alter domain %%s drop constraint %%s', n.on_object, n.own_name)
        when k.conname is not null
            then pg_catalog.format('alter table %%s drop constraint %%I', k.conrelid::pg_catalog.regclass, k.conname)
        when n.type = 'publication relation'
            then pg_catalog.regexp_replace(n.identity, '^(.*) in publication (.*)$', 'alter publication \2 drop table \1')
        when n.type = 'user mapping' then 'drop user mapping for ' || pg_catalog.replace(n.identity, ' on server ', ' server ')
        when n.type = 'large object' then pg_catalog.format('select lo_unlink(%%s)', n.oid)
        when n.type in ('default acl', 'transform') then null
        else pg_catalog.format('drop %%s', n.thing)
    end as drop,
    (
        select pg_catalog.string_agg(o.oid::pg_catalog.text, ' ')
        from (
            select d.refobjid from pg_catalog.pg_depend d
            where d.classid = n.catalog and d.objid = n.oid and n.sub = 0
              and d.refclassid in ('pg_class'::regclass, 'pg_type'::regclass)
              and d.deptype in ('a', 'i', 'P', 'S')
            union
            select pg_catalog.unnest(n.owners)
        ) as o (oid)
        where o.oid not in (0, n.oid) or n.sub > 0 and o.oid <> 0
    ) as part_of,
    case when n.sub = 0 then n.oid::bigint else 0 end as oid,
    coalesce(r.invalid, false) as invalid,
    pg_catalog.md5(n.definition::pg_catalog.text) as definition
from named n
left join relation r on r.oid = n.oid and n.catalog = 'pg_class'::regclass and n.sub = 0
left join pg_catalog.pg_attribute a on n.sub > 0 and a.attrelid = n.oid and a.attnum = n.sub
left join pg_catalog.pg_constraint k
    on n.catalog = 'pg_class'::regclass and n.sub = 0 and k.conindid = n.oid and k.contype in ('p', 'u', 'x')
-- The index of a constraint is told with it.
where k.conname is null or r.invalid

union all

select
    pg_catalog.format('pending detach of partition %%s of %%s', i.inhrelid::regclass, i.inhparent::regclass),
    pg_catalog.format('alter table %%s detach partition %%s finalize', i.inhparent::regclass, i.inhrelid::regclass),
    null,
    0,
    false,
    ''
from pg_catalog.pg_inherits i
where (pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::pg_catalog.bool

union all

select
    pg_catalog.format('value %%L of type %%s', e.enumlabel, e.enumtypid::pg_catalog.regtype),
    null,
    e.enumtypid::pg_catalog.text,
    0,
    false,
    e.enumsortorder::pg_catalog.text
from pg_catalog.pg_enum e
where not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_type'::regclass and d.objid = e.enumtypid and d.deptype = 'e'
)

union all

select
    pg_catalog.format('settings of role %%s', coalesce(nullif(s.setrole, 0)::pg_catalog.regrole::pg_catalog.text, 'ALL')),
    null,
    null,
    0,
    false,
    pg_catalog.md5(s.setconfig::pg_catalog.text)
from pg_catalog.pg_db_role_setting s
where s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())

union all

select pg_catalog.format('role %%I', r.rolname), pg_catalog.format('drop role %%I', r.rolname), null, 1, false,
    pg_catalog.md5(pg_catalog.to_jsonb(r)::pg_catalog.text)
from pg_catalog.pg_roles r
where r.oid >= 16384

union all

select pg_catalog.format('membership of %%s in %%s', m.member::pg_catalog.regrole, m.roleid::pg_catalog.regrole),
    pg_catalog.format('revoke %%s from %%s', m.roleid::pg_catalog.regrole, m.member::pg_catalog.regrole), null, 0, false,
    pg_catalog.md5((pg_catalog.to_jsonb(m) - 'oid')::pg_catalog.text)
from pg_catalog.pg_auth_members m
where m.member >= 16384

union all

-- Its owner and grants; no statement gives them back without their names.
select pg_catalog.format('database %%I', d.datname), null, null, 0, false,
    pg_catalog.md5(pg_catalog.jsonb_build_array(d.datdba, d.datacl, d.datconnlimit, d.datallowconn)::pg_catalog.text)
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()

union all

select pg_catalog.format('language %%I', l.lanname), null, null, 0, false,
    pg_catalog.md5(pg_catalog.to_jsonb(l)::pg_catalog.text)
from pg_catalog.pg_language l
where l.oid < 16384

union all

-- The catalog of grants on parameters is one of 15 and newer; those of a role are in this one too.
select pg_catalog.format('grants on parameters to %%s', s.refobjid::pg_catalog.regrole), null, null, 0, false,
    pg_catalog.md5(pg_catalog.string_agg(s.objid::pg_catalog.text, ' ' order by s.objid))
from pg_catalog.pg_shdepend s
where s.classid = pg_catalog.to_regclass('pg_catalog.pg_parameter_acl')
group by s.refobjid
