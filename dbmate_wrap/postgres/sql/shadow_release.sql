-- The server's version and its extensions: a package that was upgraded may make another database of the same history.
select
    pg_catalog.version()
    || coalesce(
        (
            select pg_catalog.string_agg(name || ' ' || default_version, ', ' order by name)
            from pg_catalog.pg_available_extensions
        ),
        ''
    )
