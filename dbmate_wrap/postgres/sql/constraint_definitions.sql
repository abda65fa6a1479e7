-- The definitions of the constraints, by their place in the JSON list `lookups`: of a name, or the primary key where
-- the name is null; a schema that is empty is looked for in the search_path.
select w.place - 1, pg_catalog.pg_get_constraintdef(k.oid)
from pg_catalog.json_array_elements(%(lookups)s::json) with ordinality w (lookup, place)
join pg_catalog.pg_class c on c.relname = w.lookup ->> 'table'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_constraint k on k.conrelid = c.oid
where case
        when w.lookup ->> 'schema' = '' then pg_catalog.pg_table_is_visible(c.oid)
        else n.nspname = w.lookup ->> 'schema'
    end
  and case
        when w.lookup ->> 'name' is null then k.contype = 'p'
        else k.conname = w.lookup ->> 'name'
    end
order by w.place
