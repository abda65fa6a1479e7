-- The wanted extensions that are not installed in this database: those that the server does not offer, and those
-- that only a superuser makes (the column is new in 13), where this account is none. Some providers let theirs.
select pg_catalog.json_build_object(
    'missing', coalesce(pg_catalog.json_agg(name order by name) filter (where not offered), '[]'),
    'untrusted', coalesce(pg_catalog.json_agg(name order by name) filter (where offered and for_superusers), '[]')
)::text
from (
    select
        wanted.name,
        exists (select from pg_catalog.pg_available_extensions a where a.name = wanted.name) as offered,
        not pg_catalog.current_setting('is_superuser')::boolean and exists (
            select
            from pg_catalog.pg_available_extension_versions v
            where v.name = wanted.name
                and v.superuser
                and (pg_catalog.to_jsonb(v) ->> 'trusted')::boolean is not true
        ) as for_superusers
    from pg_catalog.jsonb_array_elements_text(%(question)s::jsonb -> 'extensions') as wanted (name)
    where not exists (select from pg_catalog.pg_extension e where e.extname = wanted.name)
) as found
