"""Applies what is pending: alone, on the database that is meant, and reported as the database tells it."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.guard import demand_stamp
from dbmate_wrap.commands.pending import Wish, examine, nothing_to_do, select


def up(call: Call, wish: Wish) -> None:
    """Files, lockfile, connection, history; and where something is pending, `migrate` and a schema dump."""
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    create = call.environment.values.create_database
    place = target.locate(call)
    with target.open_session(call, place.url, wait=wish.wait, create=create) as session:
        found = examine(call, session, place, files)
        # Also where nothing is pending: a pipeline with a wrong URL must not end green.
        demand_stamp(call, found)
        todo = select(found, files, wish.to)
        if not todo:
            call.outcome.summary = nothing_to_do(found, wish.to)
            return
        # Imported when there is something to do: most runs of a pipeline find nothing.
        from dbmate_wrap.commands.dump import write_schema_where_set
        from dbmate_wrap.commands.migrate import migrate

        migrate(call, session, place, files, todo, wish)
        if call.outcome.applied:
            write_schema_where_set(call, session, place)
