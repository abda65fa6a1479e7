-- The role that replays migrations on a server of our own: what an administrator of a managed server may do, and not more.
-- It may run no program and read no file of the server, whatever a migration says, also in dynamic SQL.
create role dbmate_wrap_replay login nosuperuser nocreatedb replication bypassrls;
do $$
declare
    predefined name;
begin
    for predefined in
        select rolname from pg_catalog.pg_roles
        where rolname ~ '^pg_'
          and rolname not in (
              'pg_database_owner', 'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
              'pg_create_subscription', 'pg_signal_backend', 'pg_signal_autovacuum_worker'
          )
    loop
        execute pg_catalog.format('grant %I to dbmate_wrap_replay with admin option', predefined);
    end loop;
    if pg_catalog.current_setting('server_version_num')::int >= 150000 then
        execute 'grant set on parameter session_replication_role to dbmate_wrap_replay';
    end if;
    -- It is a member of the roles that it makes, as a superuser is of all.
    if pg_catalog.current_setting('server_version_num')::int >= 160000 then
        -- Before 16 who may make roles may make himself a member of any, pg_execute_server_program too.
        execute 'alter role dbmate_wrap_replay createrole';
        execute 'alter role dbmate_wrap_replay set createrole_self_grant = ''set, inherit''';
    end if;
    -- They would run a migration's own functions as superuser within the scripts of trusted extensions.
    if pg_catalog.current_setting('server_version_num')::int >= 170000 then
        execute 'alter role dbmate_wrap_replay set event_triggers = off';
    end if;
end
$$
