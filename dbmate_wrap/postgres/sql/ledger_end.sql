-- A run ends, once.
update dbmate_wrap.run
set ended_at = pg_catalog.statement_timestamp(), exit_code = %(exit_code)s
where run_id = %(run_id)s and ended_at is null
