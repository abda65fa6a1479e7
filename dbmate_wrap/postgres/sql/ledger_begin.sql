-- A run begins; repeated, it changes nothing. What begins with a colon is filled in by postgres/ledger.py: a ledger of
-- an older format has not all columns. session_user is who logged in, whatever SET ROLE made of it.
insert into dbmate_wrap.run (
    run_id, command, environment, started_at, tool_version, dbmate_version, database_user,
    os_user, host, git_commit, git_dirty:more_columns
)
values (
    %(run_id)s, %(command)s, %(environment)s, pg_catalog.statement_timestamp(), %(tool_version)s,
    %(dbmate_version)s, session_user, %(os_user)s, %(host)s, %(git_commit)s, %(git_dirty)s:more_values
)
on conflict (run_id) do nothing
