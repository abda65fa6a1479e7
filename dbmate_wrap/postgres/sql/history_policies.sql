-- Whether row level security hides rows of a table from this role: not where a policy shows all and no restrictive one
-- takes some away.
with rule as (
    select
        p.polpermissive as permissive,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid) is not distinct from 'true' as shows_all
    from pg_catalog.pg_policy p
    where p.polrelid = %(table)s::pg_catalog.regclass
      and p.polcmd in ('r', '*')
      and exists (
          select from pg_catalog.unnest(p.polroles) as r (oid)
          where r.oid = 0 or pg_catalog.pg_has_role(r.oid, 'usage')
      )
)

select
    not exists (select from rule where permissive and shows_all)
    or exists (select from rule where not permissive and not shows_all)
