"""Remembers what earlier pending statements make and write, so that nobody asks the live server about it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from dbmate_wrap.sql.changes import new_names
from dbmate_wrap.sql.creates import new_relation
from dbmate_wrap.sql.named import may_be_same, may_be_same_schema
from dbmate_wrap.sql.nodes import WRITES
from dbmate_wrap.sql.parse import Statement

_VERBS = {pb.InsertStmt: "INSERT", pb.UpdateStmt: "UPDATE", pb.DeleteStmt: "DELETE", pb.MergeStmt: "MERGE"}


@dataclass
class _Places:
    """Places of statements, by names with or without a schema: one without may be in any."""

    found: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, schema: str, name: str, place: str, column: str = "") -> None:
        self.found.setdefault((name, column), []).append((schema, place))

    def find(self, schema: str, name: str, column: str = "") -> str | None:
        for known, place in self.found.get((name, column), ()):
            if may_be_same_schema(known, schema):
                return place
        return None


@dataclass(frozen=True)
class _Write:
    """A statement that writes rows of a table: `fixes` those that are there, `adds` others.

    `columns` are those that UPDATE sets; None for all.
    """

    relation: pb.RangeVar
    place: str
    fixes: bool
    adds: bool
    columns: frozenset[str] | None = None

    def is_about(self, relation: pb.RangeVar, columns: Collection[str]) -> bool:
        return may_be_same(self.relation, relation) and (
            self.columns is None or not self.columns.isdisjoint(columns)
        )


@dataclass
class PendingChanges:
    """What the statements so far make and write; places are like ``002_x.sql line 4``."""

    _tables: _Places = field(default_factory=_Places)
    _columns: _Places = field(default_factory=_Places)
    _writes: list[_Write] = field(default_factory=list)
    # The migrations that set the search_path.
    _path_of: dict[str, str] = field(default_factory=dict)

    def add_made(self, relations: Iterable[str], place: str) -> None:
        """Remember relations that were seen to be made, by their names as people read them."""
        for relation in relations:
            schema, _, name = relation.partition(".")
            self._tables.add(schema, name, place)

    def add(self, statement: Statement, version: str, place: str) -> None:
        """Remember what the statement makes and writes, as far as it says it."""
        tree = statement.tree
        made = new_relation(tree)
        if made is not None:
            self._tables.add(made.schemaname, made.relname, place)
        for named in new_names(statement):
            self._tables.add(named.schema, named.name, place)
        if isinstance(tree, pb.VariableSetStmt) and tree.name == "search_path":
            self._path_of[version] = place
        if isinstance(tree, pb.RenameStmt) and tree.rename_type == pb.OBJECT_COLUMN:
            self._columns.add(tree.relation.schemaname, tree.relation.relname, place, tree.newname)
        self._add_writes(statement, place)

    def add_columns(self, tree: Message, place: str) -> None:
        """Remember the columns that the statement adds or gives another type."""
        if not isinstance(tree, pb.AlterTableStmt):
            return
        for command in (node.alter_table_cmd for node in tree.cmds):
            name = None
            if command.subtype == pb.AT_AddColumn:
                name = getattr(command, "def").column_def.colname
            elif command.subtype == pb.AT_AlterColumnType:
                name = command.name
            if name:
                self._columns.add(tree.relation.schemaname, tree.relation.relname, place, name)

    def _add_writes(self, statement: Statement, place: str) -> None:
        tree = statement.tree
        for node in statement.of(*WRITES):
            self._writes.append(_write(node, f"{_VERBS[type(node)]} in {place}"))
        if isinstance(tree, pb.CopyStmt) and tree.is_from:
            self._writes.append(_Write(tree.relation, f"COPY in {place}", fixes=False, adds=True))
        if isinstance(tree, pb.TruncateStmt):
            for item in tree.relations:
                gone = _Write(item.range_var, f"TRUNCATE in {place}", fixes=True, adds=False)
                self._writes.append(gone)

    def maker_of(self, relation: pb.RangeVar) -> str | None:
        """Return the statement that makes the relation, or gives it its name."""
        return self._tables.find(relation.schemaname, relation.relname)

    def maker_of_column(self, relation: pb.RangeVar, column: str) -> str | None:
        """Return the statement that makes or changes the column."""
        return self._columns.find(relation.schemaname, relation.relname, column)

    def fixer_of(self, relation: pb.RangeVar, columns: Collection[str]) -> str | None:
        """Return the first statement that changes or removes rows of the relation, by these columns."""
        found = (each for each in self._writes if each.fixes and each.is_about(relation, columns))
        return next((each.place for each in found), None)

    def supplier_of(self, relation: pb.RangeVar, columns: Collection[str]) -> str | None:
        """Return the first statement that gives the relation rows, or these columns other values."""
        found = (each for each in self._writes if each.adds and each.is_about(relation, columns))
        return next((each.place for each in found), None)

    def path_of(self, version: str) -> str | None:
        """Return the statement of the migration that sets the search_path."""
        return self._path_of.get(version)


def _write(node: Message, place: str) -> _Write:
    match node:
        case pb.UpdateStmt():
            columns = frozenset(str(each.res_target.name) for each in node.target_list)
            return _Write(node.relation, place, fixes=True, adds=True, columns=columns)
        case pb.DeleteStmt():
            return _Write(node.relation, place, fixes=True, adds=False)
        case pb.InsertStmt():
            updates = node.on_conflict_clause.action == pb.ONCONFLICT_UPDATE
            return _Write(node.relation, place, fixes=updates, adds=True)
        case _:
            return _Write(node.relation, place, fixes=True, adds=True)
