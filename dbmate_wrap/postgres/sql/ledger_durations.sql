-- How long the files with these checksums (separated by commas) took when a run applied them here last, in
-- milliseconds; nothing from a database that is stamped as another environment's.
select distinct on (l.checksum) l.checksum, l.duration_ms
from dbmate_wrap.ledger l
where l.checksum = any(pg_catalog.string_to_array(%(checksums)s, ','))
  and l.how = 'applied'
  and l.duration_ms is not null
  and not exists (select from dbmate_wrap.stamp s where s.environment <> %(environment)s)
order by l.checksum, l.id desc
