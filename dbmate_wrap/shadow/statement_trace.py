"""Applies a migration to a scratch database, and tells what each of its statements does there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.domain.relation_state import (
    Judged,
    KnownRelations,
    LockReading,
    Locks,
    Relation,
    Seen,
    constraints_checked,
    judge_relations,
)
from dbmate_wrap.domain.statement_facts import StatementFacts
from dbmate_wrap.domain.statement_trace import TracedStatement, Until
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.statement_trace import TracingSession, hold_lock, hold_snapshot, read_relations
from dbmate_wrap.shadow.planned_statements import (
    RunnableStatement,
    plan_statements,
    reason_for_dbmate,
    untraced,
)
from dbmate_wrap.shadow.scratch import ScratchDatabase

# active_sql_transaction, and invalid_transaction_termination: a procedure that commits.
_NEEDS_NO_TRANSACTION = ("25001", "2D000")
_TABLES = frozenset({"table", "partition"})
# What may change client_min_messages, or run what does.
_CHANGES_SETTINGS = frozenset({"SET", "RESET", "DISCARD", "SELECT", "DO", "CALL", "EXECUTE", "ROLLBACK"})


@dataclass
class MigrationTrace:
    """The statements of a migration that were traced; `failure` is the error that ended it."""

    statements: list[TracedStatement] = field(default_factory=list)
    failure: FailedError | None = None


def trace_migration(database: ScratchDatabase, migration: ParsedMigration) -> MigrationTrace:
    """Apply a migration as dbmate does, statement by statement, and trace each.

    It is really applied, but not recorded. Where it cannot be taken apart, dbmate applies it: raises
    MigrationFailed then.
    """
    trace = MigrationTrace()
    if reason := reason_for_dbmate(migration):
        database.apply([migration])
        trace.statements += untraced(migration, reason)
        return trace
    blocks = plan_statements(database.tools, migration)

    def connect() -> Session:
        session = database.connect()
        if role := database.tools.dbmate(database.url).options.role:
            session.rows(f"set role {quoted(role)}")
        return session

    with connect() as session:
        relations = read_relations(session)
        tracing, known = TracingSession(session, relations), KnownRelations(relations)
        tracer = _Tracer(migration, tracing, known, connect)
        try:
            for block, statements in blocks:
                tracer.run(block, statements, trace.statements)
        except FailedError as error:
            trace.failure = error
    return trace


@dataclass
class _Tracer:
    migration: ParsedMigration
    tracing: TracingSession
    known: KnownRelations
    connect: Callable[[], Session]

    def run(self, block: Block, statements: Sequence[RunnableStatement], into: list[TracedStatement]) -> None:
        """Run a block, and add each statement to `into` as soon as it has run. Raises FailedError."""
        if len(statements) == 1 and not block.transaction:
            into.append(self._run_alone(statements[0]))
            return
        session = self.tracing.session
        held: Locks = {}
        session.rows("begin")
        for each in statements:
            traced, held = self._run_in_transaction(each, held, Until.COMMIT)
            into.append(traced)
        session.rows("commit")

    def _run_in_transaction(
        self, statement: RunnableStatement, held: Locks, until: Until
    ) -> tuple[TracedStatement, Locks]:
        facts, tracing = statement.facts, self.tracing
        called = tracing.has_function(facts.calls) if facts.calls else None
        messages = tracing.run(statement.runs)
        after = tracing.read()
        checked = constraints_checked(messages)
        tables = tracing.constraint_tables(checked) if checked else {}
        judged = judge_relations(facts, Seen(held, after, messages, tables), self.known, until)
        self.known.update(after)
        if facts.tag in _CHANGES_SETTINGS:
            tracing.listen()
        return self._traced(statement, judged, _why_not_judged(statement, called)), after.locks

    def _run_alone(self, statement: RunnableStatement) -> TracedStatement:
        """Run what is a transaction by itself: in one of ours, where the server allows that."""
        if statement.facts.concurrently:
            return self._run_concurrently(statement)
        session = self.tracing.session
        try:
            session.rows("begin")
            traced, _ = self._run_in_transaction(statement, {}, Until.STATEMENT)
        except FailedError as error:
            session.rows("rollback")
            if error.sqlstate not in _NEEDS_NO_TRANSACTION:
                raise
            return self._run_without_transaction(statement)
        session.rows("commit")
        return traced

    def _run_without_transaction(self, statement: RunnableStatement) -> TracedStatement:
        facts, relations = statement.facts, self._named(statement.facts)
        if facts.tag == "VACUUM" and relations and {each.kind for each in relations} <= _TABLES:
            return self._run_behind(statement, hold_lock, [[each] for each in relations])
        reason = f"{facts.tag} runs outside a transaction only, where its locks cannot be read"
        return self._run_outside(statement, lambda: (self.tracing.run(statement.runs), {}), reason)

    def _run_concurrently(self, statement: RunnableStatement) -> TracedStatement:
        facts, relations = statement.facts, self._named(statement.facts)
        # What is named behind the first (a partition that is detached) is read by a second one.
        readers = [relations[:1], *([relations[1:]] if relations[1:] else [])]
        reason = None if relations else f"{facts.tag} names no relation at which its locks could be read"
        parents = {each.parent for each in self.known.current.values()}
        if facts.tag == "REINDEX" and any(each.oid in parents for each in relations):
            reason = "it goes from partition to partition: only the locks on the first were read"
        traced = self._run_behind(statement, hold_snapshot, readers, reason)
        return replace(traced, waits_for_snapshots=True)

    def _run_behind(
        self,
        statement: RunnableStatement,
        hold: Callable[[Session, Sequence[Relation]], None],
        relations: Sequence[Sequence[Relation]],
        reason: str | None = None,
    ) -> TracedStatement:
        def run() -> tuple[tuple[str, ...], Locks]:
            from dbmate_wrap.shadow.concurrent_trace import run_behind

            return run_behind(self.tracing, statement.runs, self.connect, hold, relations)

        return self._run_outside(statement, run, reason)

    def _run_outside(
        self,
        statement: RunnableStatement,
        run: Callable[[], tuple[tuple[str, ...], Locks]],
        reason: str | None,
    ) -> TracedStatement:
        messages, locks = run()
        if statement.facts.concurrently and not locks:
            reason = reason or "it ended before its locks could be read"
        after = LockReading(locks, read_relations(self.tracing.session))
        judged = judge_relations(statement.facts, Seen({}, after, messages), self.known, Until.STATEMENT)
        self.known.update(after)
        return self._traced(statement, judged, reason)

    def _named(self, facts: StatementFacts) -> list[Relation]:
        """Return the tables of what the statement names, in that order."""
        found = []
        current = self.known.current
        for schema, name in facts.names:
            for each in current.values():
                if each.name == name and schema in ("", each.schema):
                    found.append(current[each.table] if each.table is not None else each)
        return list(dict.fromkeys(found))

    def _traced(self, statement: RunnableStatement, judged: Judged, reason: str | None) -> TracedStatement:
        file = self.migration.file
        return TracedStatement(
            version=file.version,
            file=file.name,
            line=statement.line,
            text=statement.text,
            tag=statement.facts.tag,
            locks=judged.locks,
            works=judged.works,
            makes=judged.makes,
            not_judged=reason,
        )


def _why_not_judged(statement: RunnableStatement, called: str | None) -> str | None:
    if statement.is_replaced:
        return "it connects to another server, which the shadow server does not: something else stands for it"
    calls = f"it depends on data: it calls {called}()" if called is not None else None
    return statement.facts.varies or calls
