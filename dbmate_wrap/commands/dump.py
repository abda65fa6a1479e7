"""Writes the schema file."""

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import DumpResult
from dbmate_wrap.workspace import database, schema_file
from dbmate_wrap.workspace.context import Context


def dump(context: Context, outcome: Outcome) -> None:
    """Dump the environment's database into `schema_file`."""
    with database.connect(context) as db:
        outcome.target = db.target
        changed = schema_file.write_schema_file(context, db)
    path = context.environment.display_path(context.environment.values.schema_file)
    outcome.result = DumpResult(path, changed)
    outcome.summary = f"{path} written" if changed else f"{path} is up to date"
