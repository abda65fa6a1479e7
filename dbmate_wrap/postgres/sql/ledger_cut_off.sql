-- Runs that were killed amid something outside a transaction. To be asked under the advisory lock: whoever has not
-- ended then will not any more.
select
    r.run_id,
    r.running,
    pg_catalog.to_char(r.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from dbmate_wrap.run r
where r.running is not null
  and r.ended_at is null
  and r.run_id <> %(run_id)s
  and coalesce(:history, %(history)s) = %(history)s
order by r.started_at
