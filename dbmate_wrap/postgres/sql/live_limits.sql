-- To look must never hurt: as watch_settings.sql has it. Returns what each setting was, to set it again.
select
    s.name,
    s.setting as before,
    pg_catalog.set_config(s.name, v.value, false),
    pg_catalog.current_setting('application_name') as application,
    pg_catalog.quote_ident(current_user) as account
from (values ('statement_timeout', '5s'), ('lock_timeout', '1s'), ('jit', 'off')) v (name, value)
join pg_catalog.pg_settings s on s.name = v.name
