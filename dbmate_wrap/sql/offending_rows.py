"""Finds the queries for the rows for which a constraint cannot be added: after a failure, or before."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dbmate_wrap.domain.probe import ConstraintLookup, Probe
from dbmate_wrap.domain.statement_trace import TracedStatement
from dbmate_wrap.sql.added_constraints import AddedConstraint, Kind, added_constraints, complete, table_name
from dbmate_wrap.sql.named import may_be_same
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.parse import Statement, read_sql
from dbmate_wrap.sql.pending_changes import PendingChanges

ReadDefinitions = Callable[[Collection[ConstraintLookup]], Mapping[ConstraintLookup, str]]

_KINDS: Mapping[str, Kind] = {
    "23502": Kind.NOT_NULL,
    "23503": Kind.FOREIGN_KEY,
    "23505": Kind.UNIQUE,
    "23514": Kind.CHECK,
}


def find_query(text: str, sqlstate: str, message: str) -> str | None:
    """Return the query for the rows that violate what `text` adds; None where that cannot be told.

    The message of the server names the constraint or the table, in every language.
    """
    kind = _KINDS.get(sqlstate)
    if kind is None:
        return None
    added = (each for statement in read_sql(text).statements for each in added_constraints(statement.tree))
    found = [each for each in added if each.kind is kind and each.query and each.validated and not each.fills]
    named = [each for each in found if each.name is not None and f'"{each.name}"' in message]
    of_table = [each for each in found if f'"{each.relation.relname}' in message]
    for chosen in (named, of_table, found):
        if len(chosen) == 1:
            return chosen[0].query
    return None


def probes_for(
    statements: Iterable[TracedStatement], read_definitions: ReadDefinitions | None = None
) -> tuple[Probe, ...]:
    """Return the query for the rows in the way of each constraint that pending statements add or validate.

    `read_definitions` asks the live server for definitions that only it knows, once, where there are any
    (`postgres/probe.py:read_definitions`); None where there is no live server.
    """
    reader = _Reader()
    for statement in statements:
        reader.add(statement)
    wanted = {
        each.added.lookup for each in reader.found if each.added.lookup is not None and not each.not_run
    }
    known = read_definitions(wanted) if read_definitions is not None and wanted else {}
    return tuple(
        probe for each in reader.found for probe in each.probes(known, asked=read_definitions is not None)
    )


@dataclass(frozen=True)
class _Found:
    """A constraint that a pending statement adds or validates, at `line` of its file."""

    statement: TracedStatement
    line: int
    added: AddedConstraint
    not_run: str | None
    changed_first: str | None

    def probes(self, known: Mapping[ConstraintLookup, str], *, asked: bool) -> Iterator[Probe]:
        lookup = self.added.lookup
        if lookup is None or self.not_run:
            yield self._probe(self.added, self.not_run)
        elif lookup in known:
            for each in complete(self.added, known[lookup]):
                yield self._probe(each, None if each.query else "no query is known for such a constraint")
        else:
            yield self._probe(self.added, _unknown(lookup) if asked else _unasked(lookup))

    def _probe(self, added: AddedConstraint, not_run: str | None) -> Probe:
        return Probe(
            version=self.statement.version,
            file=self.statement.file,
            line=self.line,
            what=added.what,
            query=added.query,
            not_run=not_run,
            counts="duplicate value" if added.kind is Kind.UNIQUE else "row",
            fails_now=added.validated,
            changed_first=self.changed_first,
        )


@dataclass
class _Reader:
    """Goes through the pending statements in their order."""

    found: list[_Found] = field(default_factory=list)
    _changes: PendingChanges = field(default_factory=PendingChanges)

    def add(self, statement: TracedStatement) -> None:
        for whole in read_sql(statement.text, skip_long=True).statements:
            for part in nested_statements(whole):
                line = statement.line + statement.text.count("\n", 0, part.offset)
                self._add_part(statement, part, line)
        self._changes.add_made(statement.makes, f"{statement.file} line {statement.line}")

    def _add_part(self, statement: TracedStatement, part: Statement, line: int) -> None:
        place = f"{statement.file} line {line}"
        # Of one ALTER TABLE the columns come first, whatever the order of its commands.
        self._changes.add_columns(part.tree, place)
        for added in added_constraints(part.tree):
            # Underscores stand for a name that is known only at run time.
            if added.relation.relname.strip("_"):
                self._add_constraint(statement, line, self._from_pending(added))
        self._changes.add(part, statement.version, place)

    def _add_constraint(self, statement: TracedStatement, line: int, added: AddedConstraint) -> None:
        not_run = self._not_run(statement.version, added)
        changed = self._changes.fixer_of(added.relation, added.columns)
        if changed is None and added.referenced is not None:
            keys = [str(node.string.sval) for node in added.constraint.pk_attrs]
            changed = self._changes.supplier_of(added.referenced, keys)
        self.found.append(_Found(statement, line, added, not_run, changed))

    def _from_pending(self, added: AddedConstraint) -> AddedConstraint:
        """Return what VALIDATE CONSTRAINT is about, where a pending statement has added that."""
        if added.lookup is None or added.lookup.name is None:
            return added
        for place, each in enumerate(self.found):
            same_name = each.added.name == added.name and not each.added.validated
            if same_name and may_be_same(each.added.relation, added.relation):
                del self.found[place]  # Only the validation looks at the rows.
                return replace(each.added, validated=True)
        return added

    def _not_run(self, version: str, added: AddedConstraint) -> str | None:
        for relation in filter(None, (added.relation, added.referenced)):
            if (place := self._changes.maker_of(relation)) is not None:
                return f"{table_name(relation)} is made or renamed by {place}"
            if not relation.schemaname and (place := self._changes.path_of(version)) is not None:
                return f"{place} sets the search_path in which {table_name(relation)} is looked for"
        columns = [(added.relation, name) for name in added.columns]
        columns += [(added.constraint.pktable, node.string.sval) for node in added.constraint.pk_attrs]
        for relation, name in columns:
            if (place := self._changes.maker_of_column(relation, name)) is not None:
                return f"{table_name(relation)}.{name} is made or changed by {place}"
        return None


def _unknown(lookup: ConstraintLookup) -> str:
    table = f"{lookup.schema}.{lookup.table}" if lookup.schema else lookup.table
    if lookup.name is None:
        return f"the live database has no primary key of {table}"
    return f"the live database has no constraint {lookup.name} on {table}"


def _unasked(lookup: ConstraintLookup) -> str:
    what = "the primary key that it references" if lookup.name is None else "the definition"
    return f"only the live database knows {what}"
