-- Whether a run was about this history table, and whether the last one is a rollback without an end, after which nobody
-- has recorded or ended anything: it was cut off, or is about to write its line.
select
    exists (select from dbmate_wrap.run r where :history = %(history)s),
    exists (
        select from dbmate_wrap.run r
        where r.command = 'rollback'
          and coalesce(:history, %(history)s) = %(history)s
          and r.ended_at is null
          and not exists (
              select from dbmate_wrap.ledger l where l.run_id <> r.run_id and l.recorded_at > r.started_at
          )
          and not exists (
              select from dbmate_wrap.run o where o.ended_at is not null and o.started_at > r.started_at
          )
    )
