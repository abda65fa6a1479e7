-- Whether the ledger is there, what this role may do with it, and which publications publish its tables as soon as they
-- are there; raises nothing, whatever is missing (a server before 15 has no publications of schemas).
select
    pg_catalog.quote_ident(current_user),
    (
        select pg_catalog.string_agg(pg_catalog.quote_ident(p.pubname), ', ' order by p.pubname)
        from pg_catalog.pg_publication p
        where p.puballtables or exists (
            select
            from pg_catalog.pg_depend s
            join pg_catalog.pg_depend m on m.classid = s.classid and m.objid = s.objid
            where s.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
              and s.refobjid = n.oid
              and s.classid = pg_catalog.to_regclass('pg_catalog.pg_publication_namespace')
              and m.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass
              and m.refobjid = p.oid
        )
    ) as publications,
    pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') as identifiable,
    n.oid is not null as has_schema,
    case
        when n.oid is null then pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')
        else pg_catalog.has_schema_privilege(n.oid, 'create')
    end as may_create,
    coalesce(pg_catalog.has_schema_privilege(n.oid, 'usage'), false) as may_use,
    t.complete,
    t.readable,
    t.hides_rows,
    t.writable,
    t.names_history,
    t.keeps_text
from (select) as one
left join pg_catalog.pg_namespace n on n.nspname = 'dbmate_wrap'
cross join lateral (
    select
        pg_catalog.count(*) = 4 as complete,
        coalesce(pg_catalog.bool_and(pg_catalog.has_table_privilege(c.oid, 'select')), true) as readable,
        -- As history_policies.sql has it for the history table.
        coalesce(pg_catalog.bool_or(pg_catalog.row_security_active(c.oid) and not exists (
            select from pg_catalog.pg_policy p
            where p.polrelid = c.oid
              and p.polpermissive
              and p.polcmd in ('r', '*')
              and pg_catalog.pg_get_expr(p.polqual, p.polrelid) is not distinct from 'true'
              and exists (
                  select from pg_catalog.unnest(p.polroles) as r (oid)
                  where r.oid = 0 or pg_catalog.pg_has_role(r.oid, 'usage')
              )
        )), false) as hides_rows,
        coalesce(pg_catalog.bool_and(
            c.relname = 'format'
            or pg_catalog.has_table_privilege(c.oid, 'insert')
            and (c.relname = 'ledger' or pg_catalog.has_table_privilege(c.oid, 'update'))
        ), true) as writable,
        coalesce(pg_catalog.bool_and(c.relname <> 'run' or exists (
            select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'history' and not a.attisdropped
        )), true) as names_history,
        coalesce(pg_catalog.bool_and(c.relname <> 'ledger' or exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and a.attname = 'content' and not a.attisdropped
        )), true) as keeps_text
    from pg_catalog.pg_class c
    where c.relnamespace = n.oid
      and c.relname in ('format', 'run', 'ledger', 'stamp')
      and c.relkind in ('r', 'p', 'v', 'f')
) t
