-- Standbys that lag (seconds and bytes), how many this account may not look into, and slots that nobody reads: the
-- server keeps all its WAL for them.
with position as (
    select case
        when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
        else pg_catalog.pg_current_wal_lsn()
    end as lsn
),

standbys as (
    select
        application_name,
        state,
        extract(epoch from replay_lag) as seconds,
        pg_catalog.pg_wal_lsn_diff(position.lsn, replay_lsn) as bytes
    from pg_catalog.pg_stat_replication, position
)

select pg_catalog.json_build_object(
    'lagging', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', application_name, 'seconds', coalesce(seconds, 0), 'bytes', coalesce(bytes, 0)
        ) order by application_name), '[]')
        from standbys
        where seconds > 10 or bytes > 1073741824
    ),
    'hidden', (select pg_catalog.count(*) from standbys where state is null),
    'inactive', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', slot_name,
            'bytes', coalesce(pg_catalog.pg_wal_lsn_diff(position.lsn, restart_lsn), 0)
        ) order by slot_name), '[]')
        from pg_catalog.pg_replication_slots, position
        where not active
    )
)::text
