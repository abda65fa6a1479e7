-- Objects of a name whose owner's rights this account has not, as ALTER names them.
select
    named.object as name,
    pg_catalog.pg_get_userbyid(named.owner)::text as owner,
    exists (select from pg_catalog.pg_roles r where r.oid = named.owner and r.rolsuper) as by_superuser
from (
    select
        pg_catalog.format('table %%I.%%I', n.nspname, c.relname) as object, c.relname as name, c.relowner as owner
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select
        pg_catalog.format(
            'routine %%I.%%I(%%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)
        ),
        p.proname,
        p.proowner
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    union all
    select pg_catalog.format('type %%I.%%I', n.nspname, t.typname), t.typname, t.typowner
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('d', 'e', 'r')
    union all
    select pg_catalog.format('schema %%I', nspname), nspname, nspowner from pg_catalog.pg_namespace
) as named
where named.name = %(name)s and not pg_catalog.pg_has_role(named.owner, 'USAGE')
order by named.object
limit 5
