"""Writes the schema file, or the same text elsewhere."""

from pathlib import Path

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import DumpResult, SchemaResult
from dbmate_wrap.workspace import database, schema_file
from dbmate_wrap.workspace.context import Context

_STDOUT = "-"


def dump(context: Context, outcome: Outcome, *, output: str | None) -> None:
    """Dump the database into `schema_file`, the file `output`, or stdout where that is ``-``."""
    with database.open_database(context) as db:
        outcome.target = db.target
        text = schema_file.read_schema(context, db)
    if output == _STDOUT:
        outcome.result = SchemaResult(text)
        return
    path = context.environment.values.schema_file if output is None else Path(output).absolute()
    owners = _owners(context) if output is None else []
    changed = schema_file.write_if_changed(path, text)
    shown = context.environment.display_path(path)
    if changed and owners:
        context.console.say(
            f"warning: {shown} is the schema file of {', '.join(owners)}, and now has the schema of"
            f" {context.environment.name}; undo it with `git checkout -- {shown}`, and write elsewhere with"
            " --output FILE"
        )
    outcome.result = DumpResult(shown, changed)
    outcome.summary = f"{shown} written" if changed else f"{shown} is up to date"


def _owners(context: Context) -> list[str]:
    """The other environments whose `up` writes this schema file; none where this one's does."""
    values, environments = context.environment.values, context.project.environments.values()
    if values.dump_schema or not values.schema_file.is_file():
        return []
    return [
        each.name
        for each in environments
        if each.values.dump_schema and each.values.schema_file == values.schema_file
    ]
