"""Takes a migration apart into statements, each with what is run for it on a shadow server."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.domain.statement_facts import StatementFacts
from dbmate_wrap.domain.statement_trace import TracedStatement
from dbmate_wrap.migrations.parse import ParseFault, parse_migration
from dbmate_wrap.shadow.scratch import ReplayTools

_NO_PARSER = "the SQL parser does not run on this machine: its statements were run as one"
_UNREADABLE = "the SQL parser cannot read the migration: its statements were run as one"
_ENDS_TRANSACTION = "the migration ends its transaction itself: its statements were run as one"


@dataclass(frozen=True)
class RunnableStatement:
    """A statement as the file has it, and the text that is run for it.

    `is_replaced`: a superuser runs something else, for what would connect to another server.
    """

    line: int
    text: str
    facts: StatementFacts
    runs: str
    is_replaced: bool = False


def untraced(migration: ParsedMigration, reason: str) -> Iterator[TracedStatement]:
    """Yield the statements of a migration without a trace; one for a block that cannot be taken apart."""
    file = migration.file
    for section in migration.sections:
        for line, text, tag in _statements(section.up):
            yield TracedStatement(file.version, file.name, line, text, tag, not_judged=reason)


def untraced_rest(
    migrations: Iterable[ParsedMigration], traced: Iterable[TracedStatement], reason: str
) -> list[TracedStatement]:
    """Return the statements of the migrations that are not among those that were traced."""
    done = {(each.file, each.line) for each in traced}
    rest = (each for migration in migrations for each in untraced(migration, reason))
    return [each for each in rest if (each.file, each.line) not in done]


def _statements(block: Block) -> Iterator[tuple[int, str, str]]:
    """Yield line, text and tag of each; of a text that cannot be read to its end one for all of it."""
    if sql.is_available():
        from dbmate_wrap.sql.parse import read_sql
        from dbmate_wrap.sql.statement_facts import command_tag

        reading = read_sql(block.sql)
        if not reading.unreadable:
            for each in reading.statements:
                yield block.line + block.sql.count("\n", 0, each.offset), each.text, command_tag(each)
            return
    yield block.line, block.sql.partition("\n")[2].strip(), ""


def reason_for_dbmate(migration: ParsedMigration) -> str | None:
    """Return why only dbmate can apply the migration, as a whole; None where it can be taken apart."""
    if not sql.is_available():
        return _NO_PARSER
    from dbmate_wrap.sql.effects import controls_transaction
    from dbmate_wrap.sql.parse import read_sql

    texts = [section.up.sql for section in migration.sections]
    if any(read_sql(text).unreadable for text in texts):
        return _UNREADABLE
    return _ENDS_TRANSACTION if any(map(controls_transaction, texts)) else None


def plan_statements(
    tools: ReplayTools, migration: ParsedMigration
) -> list[tuple[Block, tuple[RunnableStatement, ...]]]:
    """Return the statements of each migrate:up of a migration that can be taken apart."""
    from dbmate_wrap.sql.parse import read_sql
    from dbmate_wrap.sql.statement_facts import read_statement_facts

    planned = []
    replayed = _replayed(tools, migration)
    for section, other in zip(migration.sections, replayed.sections, strict=True):
        block, statements = section.up, []
        pairs = zip(read_sql(block.sql).statements, read_sql(other.up.sql).statements, strict=True)
        for written, run in pairs:
            line = block.line + block.sql.count("\n", 0, written.offset)
            replaced = _is_replaced(tools, written.text, run.text)
            statements.append(
                RunnableStatement(line, written.text, read_statement_facts(written), run.text, replaced)
            )
        planned.append((block, tuple(statements)))
    return planned


def _replayed(tools: ReplayTools, migration: ParsedMigration) -> ParsedMigration:
    """Return the migration in which calls stand for what only a superuser may run."""
    file = tools.file_of(migration)
    if file is migration.file:
        return migration
    parsed = parse_migration(file, file.content.decode("utf-8", "surrogateescape"))
    assert not isinstance(parsed, ParseFault)  # Only statements were replaced.
    return parsed


def _is_replaced(tools: ReplayTools, written: str, run: str) -> bool:
    """Return True where a superuser runs something else; often that is the statement itself."""
    called = next((text for key, text in tools.pool.statements.items() if f"'{key}'" in run), written)
    return not called.startswith(written)
