"""Corrects squawk's advice by the statement and the history: what PostgreSQL refuses helps nobody."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.policy.positions import Positions
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement, read_sql

_NOT_VALID = "squawk/constraint-missing-not-valid"
_FOREIGN_KEY = "squawk/adding-foreign-key-constraint"
_GENERATED = "squawk/adding-field-with-default"
_NEW_INDEX = "squawk/require-concurrent-index-creation"
_DROPPED_INDEX = "squawk/require-concurrent-index-deletion"
_BY_INDEX = frozenset({"squawk/disallowed-unique-constraint", "squawk/adding-serial-primary-key-field"})
_CORRECTED = frozenset({_NOT_VALID, _FOREIGN_KEY, _GENERATED, _NEW_INDEX, _DROPPED_INDEX}) | _BY_INDEX
_KEYS = frozenset({pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY})
_PARTITIONED = re.compile(r"\bpartition\s+by\b", re.IGNORECASE)

_ATTACH = (
    "build one CONCURRENTLY on each partition, each alone in a migration with"
    " `-- migrate:up transaction:false`, and attach each: ALTER INDEX ... ATTACH PARTITION"
)
_NEW_INDEX_HINT = f"a partitioned table takes no CONCURRENTLY: create the index ON ONLY the table, {_ATTACH}"
_BY_INDEX_HINT = (
    "a partitioned table takes no constraint USING INDEX: add it with ALTER TABLE ONLY; on each partition"
    " build a unique index CONCURRENTLY, make a constraint of it (USING INDEX), and attach it: ALTER INDEX"
    " ... ATTACH PARTITION"
)
_DROPPED_INDEX_HINT = (
    "the index of a partitioned table cannot be dropped CONCURRENTLY: drop it when little runs; lock_timeout"
    " ends the wait for its lock"
)
_FOREIGN_KEY_HINT = (
    "before PostgreSQL 18 a partitioned table takes no foreign key NOT VALID: add it to each partition so,"
    " validate each, then add it to the table, which takes them over"
)
_EXCLUDE_HINT = "PostgreSQL has no NOT VALID for EXCLUDE: add it when little runs"

Name = tuple[str, str]


class KnownTables:
    """The partitioned tables of a history, and their indexes; read only where a finding is about one."""

    def __init__(self, migrations: Sequence[ParsedMigration]) -> None:
        self._texts = [section.up.sql for each in migrations for section in each.sections]

    @cached_property
    def partitioned(self) -> frozenset[Name]:
        """The names of the partitioned tables, as far as statements show them."""
        texts = [text for text in self._texts if _PARTITIONED.search(text)]
        trees = [each.tree for text in texts for each in read_sql(text).statements]
        return frozenset(
            _name(tree.relation)
            for tree in trees
            if isinstance(tree, pb.CreateStmt) and tree.HasField("partspec")
        )

    def is_index_of_one(self, index: Name) -> bool:
        """Return True for an index that the history builds on a partitioned table."""
        texts = [text for text in self._texts if index[1] in text] if self.partitioned else []
        trees = [each.tree for text in texts for each in read_sql(text).statements]
        return any(
            isinstance(tree, pb.IndexStmt)
            and (_name(tree.relation)[0], tree.idxname) == index
            and _name(tree.relation) in self.partitioned
            for tree in trees
        )


def correct_advice(
    found: Sequence[Finding], migration: ParsedMigration, history: KnownTables
) -> Iterator[Finding]:
    """Yield the findings of one file: without those that are not so, and with hints that can be followed."""
    for each in found:
        statement, positions = None, None
        if each.rule in _CORRECTED:
            statement, positions = _statement_at(migration, each)
        if statement is None or positions is None:
            yield each
        elif (hint := _hint(each, statement, positions, history)) is not None:
            yield replace(each, hint=hint or each.hint)


def _hint(found: Finding, statement: Statement, positions: Positions, history: KnownTables) -> str | None:
    """The hint to give instead; empty for squawk's own, None where there is no hazard."""
    tree = statement.tree
    if found.rule == _NEW_INDEX and isinstance(tree, pb.IndexStmt):
        return _of_partitioned(tree.relation, history, _NEW_INDEX_HINT)
    if found.rule == _DROPPED_INDEX and isinstance(tree, pb.DropStmt):
        names = [[part.string.sval for part in item.list.items] for item in tree.objects]
        pairs = [(name[-2] if len(name) > 1 else "public", name[-1]) for name in names]
        return _DROPPED_INDEX_HINT if any(map(history.is_index_of_one, pairs)) else ""
    constraints = _constraints_from(found, statement, positions)
    if not constraints or not isinstance(tree, pb.AlterTableStmt):
        return ""
    return _hint_on_constraint(found.rule, tree.relation, constraints, history)


def _hint_on_constraint(
    rule: str, table: Message, constraints: Sequence[Message], history: KnownTables
) -> str | None:
    kind = constraints[0].contype
    if kind == pb.CONSTR_GENERATED:
        # PostgreSQL 18 and newer; older ones refuse the statement.
        return None if constraints[0].generated_kind == "v" else ""
    if _is_not_enforced(constraints):
        return None
    if rule == _NOT_VALID and kind in _KEYS:
        return None  # Another rule of squawk's reports it, and NOT VALID is refused here.
    if rule == _NOT_VALID and kind == pb.CONSTR_EXCLUSION:
        return _EXCLUDE_HINT
    if rule in _BY_INDEX:
        return _of_partitioned(table, history, _BY_INDEX_HINT)
    if kind == pb.CONSTR_FOREIGN and _name(table) in history.partitioned:
        return _FOREIGN_KEY_HINT if rule == _FOREIGN_KEY else None
    return ""


def _of_partitioned(table: Message, history: KnownTables, hint: str) -> str | None:
    """The hint for a partitioned table; None where ONLY leaves its partitions, and so all rows, alone."""
    if _name(table) not in history.partitioned:
        return ""
    return hint if table.inh else None


def _is_not_enforced(constraints: Sequence[Message]) -> bool:
    first = constraints[0]
    if first.contype in (pb.CONSTR_CHECK, pb.CONSTR_FOREIGN) and first.skip_validation:
        return not first.is_enforced
    # In the definition of a column it is a node of its own.
    return len(constraints) > 1 and constraints[1].contype == pb.CONSTR_ATTR_NOT_ENFORCED


def _constraints_from(found: Finding, statement: Statement, positions: Positions) -> list[Message]:
    """The constraints of the statement at the finding's place and after it: the first is meant."""
    place = (found.line or 0, found.column or 0)
    nodes = [node for node in statement.walk() if isinstance(node, pb.Constraint)]
    after = [node for node in nodes if positions.of(statement.at(node.location)) >= place]
    after.sort(key=lambda node: int(node.location))
    # A default is reported at its expression, and so after itself.
    is_exact = found.rule != _GENERATED or not after or positions.of(statement.at(after[0].location)) == place
    return after if is_exact else []


def _statement_at(
    migration: ParsedMigration, found: Finding
) -> tuple[Statement, Positions] | tuple[None, None]:
    place = (found.line or 0, found.column or 0)
    ups: list[Block] = [each.up for each in migration.sections if each.up.line <= place[0]]
    positions = Positions(ups[-1].sql, ups[-1].line)
    for statement in reversed(read_sql(ups[-1].sql).statements):
        if positions.of(statement.offset) <= place:
            return statement, positions
    return None, None


def _name(relation: Message) -> Name:
    return relation.schemaname or "public", relation.relname
