-- What may explain that the ledger has a version as applied and the history table has not. Rows are hidden where row
-- level security holds for this role. Other tables with the shape of dbmate's own may belong to other projects, which
-- write to the same ledger. A rollback without an end, after which nobody has recorded or ended anything, was cut off
-- (or is about to write its line).
select
    pg_catalog.quote_ident(current_user),
    coalesce((
        select pg_catalog.row_security_active(c.oid)
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %(schema)s and c.relname = %(table)s
    ), false),
    coalesce((
        select pg_catalog.string_agg(
            pg_catalog.format('%%I.%%I', n.nspname, c.relname), ', ' order by n.nspname, c.relname
        )
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p')
          and n.nspname not in ('pg_catalog', 'information_schema', 'dbmate_wrap')
          and n.nspname !~ '^pg_(toast|temp)'
          and (n.nspname, c.relname) <> (%(schema)s, %(table)s)
          and (
              select pg_catalog.string_agg(a.attname, ',') = 'version'
              from pg_catalog.pg_attribute a
              where a.attrelid = c.oid
                and a.attnum > 0
                and not a.attisdropped
          )
    ), ''),
    exists (
        select from dbmate_wrap.run r
        where r.command = 'rollback'
          and r.ended_at is null
          and not exists (
              select from dbmate_wrap.ledger l where l.run_id <> r.run_id and l.recorded_at > r.started_at
          )
          and not exists (
              select from dbmate_wrap.run o where o.ended_at is not null and o.started_at > r.started_at
          )
    )
