-- Prepared transactions in this database: they hold their locks until somebody ends them. Age in seconds.
select pg_catalog.json_build_object(
    'prepared', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', pg_catalog.quote_literal(gid),
        'user', owner,
        'age', extract(epoch from pg_catalog.clock_timestamp() - prepared)
    ) order by prepared), '[]')
)::text
from pg_catalog.pg_prepared_xacts
where database = pg_catalog.current_database()
