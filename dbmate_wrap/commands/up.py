"""Applies what is pending: alone, on the database that is meant, and reported as the database tells it."""

from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.guard import refuse_foreign_stamp
from dbmate_wrap.workspace.pending import Wish, nothing_to_do, read_agreeing_history, select


def up(context: Context, wish: Wish) -> None:
    """Files, lockfile, connection, history; and where something is pending, `migrate` and a schema dump."""
    files = project_files.load_and_lint(context, contents=True)
    project_files.raise_for_findings(context)
    create = context.environment.values.create_database
    place = database.resolve_url(context)
    with database.open_session(context, place.url, wait=wish.wait, create=create) as session:
        found = read_agreeing_history(context, session, place, files)
        # Also where nothing is pending: a pipeline with a wrong URL must not end green.
        refuse_foreign_stamp(context, found)
        todo = select(found, files, wish.to)
        if not todo:
            context.outcome.summary = nothing_to_do(found, wish.to)
            return
        # Imported when there is something to do: most runs of a pipeline find nothing.
        from dbmate_wrap.commands.dump import write_schema_where_set
        from dbmate_wrap.execution.migrate import migrate

        migrate(context, session, place, files, todo, wish)
        if context.outcome.applied:
            write_schema_where_set(context, session, place)
