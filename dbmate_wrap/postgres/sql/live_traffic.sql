-- The rows that were read and written so far in each of the relations (of a partitioned table: in its partitions),
-- and the time of this look; no row for what has no counters. `oids` is a JSON list.
with recursive part (root, oid) as (
    select w.oid::bigint, w.oid::oid from pg_catalog.json_array_elements_text(%(oids)s::json) w (oid)
    union all
    select part.root, i.inhrelid
    from part
    join pg_catalog.pg_class c on c.oid = part.oid and c.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = part.oid
)

select
    part.root as oid,
    pg_catalog.sum(coalesce(s.seq_tup_read, 0) + coalesce(s.idx_tup_fetch, 0))::bigint as reads,
    pg_catalog.sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::bigint as writes,
    extract(epoch from pg_catalog.clock_timestamp())::float8 as at
from part
join pg_catalog.pg_stat_user_tables s on s.relid = part.oid
where pg_catalog.current_setting('track_counts')::boolean
group by part.root
