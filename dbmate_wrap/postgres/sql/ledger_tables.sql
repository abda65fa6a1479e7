-- Format 3, created in the one implicit transaction of a simple query. Later formats only add: an older version of
-- the tool must be able to go on reading and writing. Types are qualified because search_path may say anything.
create table if not exists dbmate_wrap.format (
    id smallint primary key default 1 check (id = 1),
    version integer not null
);
comment on table dbmate_wrap.format is
    'dbmate-wrap: one row, the format of this schema. A newer format only adds to an older one.';

create table if not exists dbmate_wrap.run (
    run_id pg_catalog.text primary key,
    command pg_catalog.text not null,
    environment pg_catalog.text not null,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    exit_code smallint,
    tool_version pg_catalog.text not null,
    dbmate_version pg_catalog.text,
    database_user pg_catalog.text not null,
    os_user pg_catalog.text,
    host pg_catalog.text,
    git_commit pg_catalog.text,
    git_dirty boolean,
    running pg_catalog.text,
    history pg_catalog.text,
    consent pg_catalog.text
);
comment on table dbmate_wrap.run is
    'dbmate-wrap: one row a run that wrote here. Without ended_at it still runs, or was killed; running is then '
    'the version whose statements, outside a transaction, may be done or not. history is the history table that the run is '
    'about, quoted as in SQL; null where the run is about none, or was one of format 1. consent: the words of the person for whom an AI agent typed.';

create table if not exists dbmate_wrap.ledger (
    id bigint generated always as identity primary key,
    version pg_catalog.text collate pg_catalog."C" not null,
    file pg_catalog.text,
    checksum pg_catalog.text,
    applied_at timestamp with time zone,
    recorded_at timestamp with time zone not null,
    duration_ms bigint,
    run_id pg_catalog.text not null references dbmate_wrap.run (run_id),
    how pg_catalog.text not null,
    content pg_catalog.bytea,
    -- A write that is repeated, because the connection was lost before its answer came, must not count twice.
    unique (run_id, version, how)
);
comment on table dbmate_wrap.ledger is
    'dbmate-wrap: append-only. The row with the highest id of a version is its state; how is applied, baseline, '
    'adopted (plain dbmate applied it, when is not known) or rolled-back. checksum is that of the file '
    'that ran, computed as for the lockfile; content are its bytes, up to 1 MB, for what is applied.';

create table if not exists dbmate_wrap.stamp (
    id smallint primary key default 1 check (id = 1),
    environment pg_catalog.text not null,
    system_identifier pg_catalog.text,
    database_oid bigint not null,
    stamped_at timestamp with time zone not null,
    stamped_by pg_catalog.text not null,
    run_id pg_catalog.text references dbmate_wrap.run (run_id)
);
comment on table dbmate_wrap.stamp is
    'dbmate-wrap: one row, the environment that this database belongs to, and which database that was: in a '
    'restored copy the identifiers are those of the original. Rewritten by: dbmate-wrap stamp';

insert into dbmate_wrap.format (version) values (3) on conflict do nothing;
