-- The text that ran of these versions, of each its last line; :history is the column of format 2.
select distinct on (l.version) l.version, l.file, l.checksum, l.content
from dbmate_wrap.ledger l
join dbmate_wrap.run r on r.run_id = l.run_id
where l.version = any (pg_catalog.string_to_array(%(versions)s, ','))
  and coalesce(:history, %(history)s) = %(history)s
  and l.how <> 'rolled-back'
order by l.version, l.id desc
