-- The wanted extensions that are neither installed in this database nor offered by the server.
select json_build_object(
    'missing', coalesce(json_agg(wanted.name order by wanted.name), '[]')
)::text
from pg_catalog.jsonb_array_elements_text(%(question)s::jsonb -> 'extensions') as wanted (name)
where not exists (select from pg_catalog.pg_extension e where e.extname = wanted.name)
    and not exists (select from pg_catalog.pg_available_extensions a where a.name = wanted.name)
