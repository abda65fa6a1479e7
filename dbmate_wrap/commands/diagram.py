"""Draws the tables of a schema with their keys, for Mermaid."""

import shlex
from pathlib import Path

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.entities import DiagramResult, EntitySchema, TableSelection, select_entities
from dbmate_wrap.domain.mermaid import MOST_CHARACTERS, MOST_EDGES, write_diagram
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.similar_name import similar_name
from dbmate_wrap.errors import ConfigError, UsageError
from dbmate_wrap.postgres.entities import read_entities
from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.schema_file import write_if_changed

_STDOUT = "-"
_NARROW = "narrow it: --schema NAME, or --table PATTERN --hops 1"


def diagram(
    context: Context, outcome: Outcome, wanted: TableSelection, *, live: bool, output: str | None
) -> None:
    """Write the diagram into the file `output`, or to stdout: of the live database, or of what files make.

    Raises UsageError where no table is `wanted`; for the files as a replay, for a database UnreachableError.
    """
    schema = _read_live(context, outcome) if live else _read_made(context, outcome)
    chosen = select_entities(schema, wanted)
    if not chosen.entities:
        raise _nothing(schema, wanted)
    text = write_diagram(chosen, schema.foreign_keys)
    _say_limits(context, chosen, text)
    file, changed = None, False
    if output not in (None, _STDOUT):
        path = Path(output).absolute()
        changed = write_if_changed(path, text)
        file = context.environment.display_path(path)
        tables = f"{count(len(chosen.entities), 'table')}, {count(len(chosen.foreign_keys), 'foreign key')}"
        outcome.summary = f"{file} written: {tables}" if changed else f"{file} is up to date: {tables}"
    outcome.result = DiagramResult(text, chosen.entities, chosen.foreign_keys, file, changed)


def _read_live(context: Context, outcome: Outcome) -> EntitySchema:
    with database.open_database(context) as db:
        outcome.target = db.target
        return read_entities(db.session, db.server.history.place)


def _read_made(context: Context, outcome: Outcome) -> EntitySchema:
    from dbmate_wrap.review.made_schema import read_made
    from dbmate_wrap.review.replay_means import make_means
    from dbmate_wrap.workspace.replay_setup import make_setup

    loaded = project_files.load_files(context.environment, context.project.policy)
    loaded.raise_if_unreadable()
    files = loaded.files
    if not files.parsed:
        raise ConfigError(
            f"there is no migration in {files.folder}: nothing makes a schema",
            hint="draw a live database: dbmate-wrap diagram --live",
        )
    means = make_means(files, context.environment, make_setup(context), context.console)
    return read_made(means, read_entities, "dbmate-wrap diagram")


def _nothing(schema: EntitySchema, wanted: TableSelection) -> UsageError:
    """Return the error where no table is wanted, with one that is called alike."""
    if not schema.entities:
        return UsageError("the schema has no tables", hint="see what is applied: dbmate-wrap status")
    typed = [f"--schema {each}" for each in wanted.schemas] + [f"--table {each}" for each in wanted.tables]
    known = [each.name for each in schema.entities]
    alike = next((name for each in wanted.tables if (name := similar_name(each, known))), None)
    hint = f"is it {alike}? dbmate-wrap diagram --table {shlex.quote(alike)}" if alike else None
    message = f"no table is named by {' '.join(typed)}"
    return UsageError(message, hint=hint or "all of them: dbmate-wrap diagram")


def _say_limits(context: Context, chosen: EntitySchema, text: str) -> None:
    """Warn where Mermaid, as it is configured by default, does not draw it."""
    edges = len(chosen.foreign_keys)
    if len(text) > MOST_CHARACTERS:
        context.console.say(
            f"warning: the diagram has {len(text)} characters, and Mermaid draws {MOST_CHARACTERS}"
            f" (maxTextSize): {_NARROW}"
        )
    if edges > MOST_EDGES:
        context.console.say(
            f"warning: the diagram has {edges} foreign keys, and Mermaid draws {MOST_EDGES} (maxEdges):"
            f" {_NARROW}"
        )
