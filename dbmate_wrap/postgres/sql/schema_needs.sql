-- What the schema of this database needs of a server: its extensions, and a build with ICU.
select
    (select coalesce(pg_catalog.json_agg(extname), '[]') from pg_catalog.pg_extension)::text as extensions,
    exists (
        select
        from pg_catalog.pg_collation as c
        where c.collprovider = 'i'
            and (
                c.collnamespace <> 'pg_catalog'::regnamespace
                or exists (select from pg_catalog.pg_attribute as a where a.attcollation = c.oid)
                or exists (select from pg_catalog.pg_type as t where t.typcollation = c.oid)
            )
    ) as icu
