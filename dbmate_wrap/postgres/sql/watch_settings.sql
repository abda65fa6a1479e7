-- To look must never hurt: neither wait for long (a catalog may be locked), nor be thrown out for being idle, nor
-- compile a query that runs for milliseconds. idle_session_timeout is there from PostgreSQL 14 on.
select pg_catalog.set_config(s.name, v.value, false)
from (
    values ('statement_timeout', '5s'), ('lock_timeout', '2s'), ('idle_session_timeout', '0'), ('jit', 'off')
) v (name, value)
join pg_catalog.pg_settings s on s.name = v.name
