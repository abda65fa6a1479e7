-- Lines of a run in one statement, in the order given; a line that is there already is not written twice. What begins
-- with a colon is filled in by postgres/ledger.py: before format 3 there was no column for the text.
insert into dbmate_wrap.ledger (version, file, checksum, applied_at, recorded_at, duration_ms, run_id, how:text_column)
select
    x.version,
    x.file,
    x.checksum,
    case
        when x.how in ('applied', 'baseline')
            then pg_catalog.statement_timestamp() - x.ended_ago_ms * interval '1 millisecond'
    end,
    pg_catalog.statement_timestamp(),
    x.duration_ms,
    %(run_id)s,
    x.how:text_value
from rows from (
    pg_catalog.jsonb_to_recordset(%(records)s::pg_catalog.jsonb) as (
        version pg_catalog.text,
        file pg_catalog.text,
        checksum pg_catalog.text,
        how pg_catalog.text,
        duration_ms bigint,
        ended_ago_ms bigint,
        content pg_catalog.text
    )
) with ordinality as x (version, file, checksum, how, duration_ms, ended_ago_ms, content, place)
order by x.place
on conflict (run_id, version, how) do nothing
