-- The whole ledger, oldest line first, each with the run that wrote it; :history is the column of format 2, :consent of format 3.
select
    l.version,
    l.file,
    l.checksum,
    pg_catalog.to_char(l.applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    pg_catalog.to_char(l.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    l.duration_ms,
    l.how,
    r.run_id,
    r.command,
    r.environment,
    r.database_user,
    r.os_user,
    r.host,
    r.git_commit,
    r.git_dirty,
    r.tool_version,
    r.dbmate_version,
    :history,
    :consent
from dbmate_wrap.ledger l
join dbmate_wrap.run r on r.run_id = l.run_id
order by l.id
