-- The one row, with what the server itself says about which database this is; postgres/stamp.py fills in what
-- begins with a colon.
insert into dbmate_wrap.stamp (
    environment, system_identifier, database_oid, stamped_at, stamped_by, run_id
)
select
    %(environment)s,
    :system_identifier,
    (select d.oid::bigint from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
    pg_catalog.statement_timestamp(),
    session_user,
    %(run_id)s
on conflict (id) do update set
    environment = excluded.environment,
    system_identifier = excluded.system_identifier,
    database_oid = excluded.database_oid,
    stamped_at = excluded.stamped_at,
    stamped_by = excluded.stamped_by,
    run_id = excluded.run_id
