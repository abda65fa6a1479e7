-- Everything that a comparison needs, at once: format, identity and stamp in every row, and one row for each version
-- that is applied in this history table (one row with nulls when none is). What begins with a colon is filled in by
-- postgres/stamp.py and postgres/ledger.py.
-- `id = 1` is what tells the planner that there is one row: of tables never analysed it expects a thousand, and would
-- compile the product of three (JIT) for 300 ms.
select
    f.version,
    :system_identifier,
    (select d.oid::bigint from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
    s.environment,
    s.system_identifier,
    s.database_oid,
    pg_catalog.to_char(s.stamped_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    s.stamped_by,
    c.version,
    c.file,
    c.checksum,
    pg_catalog.to_char(c.applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    c.how
from (select) as one
left join dbmate_wrap.format f on f.id = 1
left join dbmate_wrap.stamp s on s.id = 1
left join (
    select distinct on (l.version) l.version, l.file, l.checksum, l.applied_at, l.how
    from dbmate_wrap.ledger l
    join dbmate_wrap.run r on r.run_id = l.run_id
    where coalesce(:history, %(history)s) = %(history)s
    order by l.version, l.id desc
) c on c.how <> 'rolled-back'
