"""A model of a project and its database, played against the code that decides what may run.

The files, the lockfile and the decisions are the real ones: seal, the rules of the lockfile, renumbering
after a merge, the comparison with history table and ledger, the stamp. The database and dbmate are
simulated, so that a run can be killed at each boundary. What must be true is said over what is in place,
which only the simulation knows: nothing runs twice, nothing is passed over, everything comes in order,
and a run is refused exactly where files, lockfile and database disagree.

Two things no fact tells apart, so that the model does not ask for them. The text of a version that has
no line in the ledger (plain dbmate applied it, or a run was killed before it wrote the line) is taken to
be the file's, unless the lockfile knows better. And a row that is deleted by hand after a rollback that
was killed before it did anything looks as if the rollback had done it.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, cast
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dbmate_wrap.domain.drift import find_differences
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.ledger import (
    AppliedVersion,
    KeptText,
    Ledger,
    LedgerEntry,
    Origin,
    lines_to_adopt,
)
from dbmate_wrap.domain.ledger_access import LedgerAccess
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.domain.missing_rows import Evidence
from dbmate_wrap.domain.numbering import next_versions, plan_renumbering
from dbmate_wrap.domain.stamp import Identity, Stamp, compare_stamp, refusal, to_be_written
from dbmate_wrap.errors import HistoryError
from dbmate_wrap.execution.what_ran import last_applied, read_texts
from dbmate_wrap.migrations import lockfile
from dbmate_wrap.migrations.lockfile_merge import renumber_lines
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy.lockfile_rules import check_lockfile
from dbmate_wrap.policy.rules import duplicate_version
from dbmate_wrap.postgres import catalog, ledger
from dbmate_wrap.settings import Values
from dbmate_wrap.workspace import history as workspace
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History, disagreement, ledger_contradiction, read_history
from dbmate_wrap.workspace.history import pending as pending_of
from dbmate_wrap.workspace.project_files import ProjectFiles
from tests.support.dump_texts import table
from tests.support.migrations import file_of

TABLE = "public.schema_migrations"
ENVIRONMENT = "staging"
NOW = "20260101000000"
# How many migrations a run applies that is killed; None for one that is not.
KILLS = st.sampled_from([None, None, None, 0, 1, 2])
PICKS = st.integers(0, 7)


@dataclass
class Branch:
    """The migrations of a branch by name, and its lockfile."""

    texts: dict[str, str] = field(default_factory=dict)
    lock: bytes = b""

    @property
    def files(self) -> tuple[MigrationFile, ...]:
        return tuple(file_of(name, self.texts[name]) for name in sorted(self.texts))

    @property
    def sealed(self) -> tuple[Sealed, ...]:
        return lockfile.parse_lockfile(self.lock, Path("migrations.lock"))


@dataclass
class Simulated:
    """A database: `in_place` has the checksum of each version that is in it; the rest can be read.

    `tables` has the column of each table: each migration makes one, and people change them by hand.
    """

    oid: int
    in_place: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    lines: list[LedgerEntry] = field(default_factory=list)
    stamp: Stamp | None = None
    unfinished_rollback: bool = False
    has_run: bool = False

    @property
    def identity(self) -> Identity:
        return Identity("1", self.oid)

    @property
    def current(self) -> dict[str, LedgerEntry]:
        """The last line of each version that the ledger has as applied."""
        last = {line.version: line for line in self.lines}
        return {version: line for version, line in last.items() if line.how != Origin.ROLLED_BACK}

    def record(self, version: str, file: str | None, checksum: str | None, how: Origin) -> None:
        own = ("r", "up", ENVIRONMENT, "app", None, None, None, None, "1", None, TABLE)
        when = "2026-01-01T00:00:00Z"
        self.lines.append(LedgerEntry(version, file, checksum, when, when, 1, how.value, *own))

    def run(self, file: MigrationFile, counted: Collection[str]) -> None:
        """Do what dbmate does in one transaction. What is in place already would fail, or be done twice.

        `counted` are the versions after which it may come.
        """
        assert file.version not in self.in_place, f"{file.version} runs twice"
        assert file.version > max(counted, default=""), f"{file.version} runs out of order"
        self.in_place[file.version] = file.checksum
        self.tables[f"t{file.version}"] = column_of(file.checksum)
        self.rows.add(file.version)

    def read(self) -> Ledger:
        lines = {
            version: AppliedVersion(version, line.file, line.checksum, line.applied_at, line.how)
            for version, line in self.current.items()
        }
        known = self.has_run or self.lines
        return Ledger(3 if known else None, self.identity, self.stamp, lines, cast(LedgerAccess, None))


class HistoryMachine(RuleBasedStateMachine):
    """Two branches and one database; `seen` counts what happened in all runs, for who wants to know."""

    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.here = Branch()
        self.there: Branch | None = None
        self.db = Simulated(1)
        self.backup: Simulated | None = None
        self.disposable = self.protected = False
        self.by_checksum: dict[str, str] = {}
        self.counter = 0
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="history-machine-", dir=memory))
        self.stack = ExitStack()
        for target, name, does in (
            (workspace, "objection_to_table", lambda table: None),
            (workspace, "objection_to_rows", lambda *given: None),
            (catalog, "applied_versions", lambda session, server: tuple(sorted(self.db.rows))),
            (ledger, "read", lambda session, table: self.db.read()),
            (ledger, "entries", lambda session: tuple(self.db.lines)),
            (ledger, "texts", lambda *given: self.kept()),
            (ledger, "missing_evidence", lambda session, server, access: self.evidence()),
        ):
            self.stack.enter_context(mock.patch.object(target, name, does))

    def teardown(self) -> None:
        self.stack.close()
        shutil.rmtree(self.folder)

    # What the code under test gets.

    def evidence(self) -> Evidence:
        return Evidence(TABLE, True, (), self.db.has_run, self.db.unfinished_rollback)

    def kept(self) -> tuple[KeptText, ...]:
        """The ledger keeps the text that it has seen run, not that of a line which it has adopted."""
        lines = [line for line in self.db.current.values() if line.how == Origin.APPLIED and line.checksum]
        return tuple(
            KeptText(each.version, each.file, each.checksum, self.by_checksum[each.checksum or ""].encode())
            for each in lines
        )

    def project(self) -> ProjectFiles:
        parsed = [parse_migration(file, file.content.decode()) for file in self.here.files]
        migrations = tuple(each for each in parsed if isinstance(each, ParsedMigration))
        return ProjectFiles("db/migrations", self.here.files, self.here.sealed, migrations)

    def read(self) -> History:
        values = SimpleNamespace(ledger=True, disposable=self.disposable)
        return read_history(self.database, self.project(), cast(Values, values))

    @property
    def database(self) -> Database:
        history = SimpleNamespace(exists=True, name=TABLE)
        return cast(Database, SimpleNamespace(server=SimpleNamespace(history=history), session=None))

    def file_errors(self, *, protected: bool) -> list[str]:
        found = check_lockfile(
            self.here.files,
            self.here.sealed,
            folder="db/migrations",
            lockfile="db/migrations.lock",
            protected=protected,
            disposable=self.disposable,
        )
        names = duplicate_version.find(self.here.files, "db/migrations")
        return [each.rule for each in (*names, *found) if each.severity == "error"]

    # What must be true, said in other words than the code has.

    def files_disagree(self) -> bool:
        lines = {line.name: line.checksum for line in self.here.sealed}
        sums = {file.name: file.checksum for file in self.here.files}
        late = [name for name in sums if name not in lines and name < max(lines, default="")]
        twice = len({file.version for file in self.here.files}) < len(sums)
        return twice or any(sums.get(name) != each for name, each in lines.items()) or bool(late)

    def database_disagrees(self) -> bool:
        mine = {file.version: file.checksum for file in self.here.files}
        place, known = self.db.in_place, self.db.current
        lost = [version for version in place if version not in self.db.rows and version in known]
        foreign = [version for version in place if version not in mine and version in self.db.rows]
        edited = [
            v for v, ran in place.items() if v in self.db.rows and v in known and mine.get(v, ran) != ran
        ]
        counted = [version for version in self.db.rows if version in mine or not self.disposable]
        late = [
            version for version in mine if version not in self.db.rows and version < max(counted, default="")
        ]
        return bool(lost or late or (not self.disposable and (foreign or edited)))

    def note(self, what: str) -> None:
        self.seen[what] += 1

    # Files and branches.

    @initialize(disposable=st.booleans(), protected=st.booleans())
    def settings(self, disposable: bool, protected: bool) -> None:
        self.disposable, self.protected = disposable, protected and not disposable

    def write(self, name: str) -> None:
        self.counter += 1
        text = f"-- migrate:up\nselect {self.counter};\n-- migrate:down\nselect -{self.counter};\n"
        self.here.texts[name] = text
        self.by_checksum[file_of(name, text).checksum] = text

    @precondition(lambda self: len(self.here.texts) < 8)
    @rule(skipped=st.booleans())
    def new(self, skipped: bool = False) -> None:
        """The next number, or the one after it: somebody else has the next one on a branch."""
        version = next_versions(self.here.files, 1 + skipped, sequential=True, now=NOW)[-1]
        self.write(f"{version}_n{self.counter}.sql")

    @precondition(lambda self: self.here.texts)
    @rule()
    def late(self) -> None:
        """A number that was skipped is used after all."""
        used = {int(file.version) for file in self.here.files}
        if free := [number for number in range(1, max(used)) if number not in used]:
            self.write(f"{free[-1]:03}_n{self.counter}.sql")
            self.note("a skipped number was used")

    @precondition(lambda self: self.here.texts)
    @rule(pick=PICKS)
    def edit(self, pick: int) -> None:
        name = sorted(self.here.texts)[pick % len(self.here.texts)]
        self.write(name)
        self.note("edited")

    @precondition(lambda self: self.here.texts)
    @rule(pick=PICKS)
    def remove(self, pick: int) -> None:
        del self.here.texts[sorted(self.here.texts)[pick % len(self.here.texts)]]

    @rule()
    def restore_files(self) -> None:
        """As the messages ask: the files are as they were sealed, or else as they ran."""
        for line in self.here.sealed:
            self.here.texts[line.name] = self.by_checksum[line.checksum]
        for name, text in list(self.here.texts.items()):
            ran = self.db.in_place.get(file_of(name, text).version)
            if ran is not None and name not in {line.name for line in self.here.sealed}:
                self.here.texts[name] = self.by_checksum[ran]

    @rule()
    def seal(self) -> None:
        errors = self.file_errors(protected=False)
        assert bool(errors) == self.files_disagree()
        if errors:
            self.note("seal refused")
            return
        path, before = self.folder / "migrations.lock", self.here.lock
        path.write_bytes(before)
        names = {line.name for line in self.here.sealed}
        lockfile.append_lines(path, self.here.sealed, [f for f in self.here.files if f.name not in names])
        self.here.lock = path.read_bytes()
        assert self.here.lock.startswith(before)
        assert [(each.name, each.checksum) for each in self.here.sealed] == [
            (file.name, file.checksum) for file in self.here.files
        ]

    @precondition(lambda self: len(self.here.texts) < 8)
    @rule(number=st.integers(1, 3))
    def work(self, number: int) -> None:
        """What a careful person does: leave what is there as it is, add migrations, seal them."""
        self.restore_files()
        for _ in range(number):
            self.new()
        self.seal()

    @precondition(lambda self: self.there is None)
    @rule()
    def branch(self) -> None:
        self.there = deepcopy(self.here)

    @rule(number=st.integers(1, 2))
    def work_on_both(self, number: int) -> None:
        """Two people branch off, and each adds and seals."""
        if self.there is None:
            self.branch()
        for _ in range(2):
            self.work(number)
            self.switch()

    @precondition(lambda self: self.there is not None)
    @rule()
    def switch(self) -> None:
        assert self.there is not None
        self.here, self.there = self.there, self.here

    @precondition(lambda self: self.there is not None and not self.files_disagree())
    @rule()
    def merge(self) -> None:
        """Merge the other branch, which is main, and give what is new here the next numbers."""
        assert self.there is not None
        mine, theirs = self.here, self.there
        common = mine.texts.keys() & theirs.texts.keys()
        new = sorted(mine.texts.keys() - common)
        begins, ours, others = _split(mine.lock, theirs.lock)
        versions = {file.version for file in theirs.files}
        if (
            len(versions) < len(theirs.texts)
            or any(mine.texts[name] != theirs.texts[name] for name in common)
            or (set(_names(others)) & set(new))
        ):
            return
        texts = {**theirs.texts, **{name: mine.texts[name] for name in new}}
        content = begins + ours + others
        if ours and others:
            content = begins + b"<<<<<<< HEAD\n" + ours + b"=======\n" + others + b">>>>>>> main\n"
        merged = Branch(texts)
        if new:
            [wanted] = [file for file in merged.files if file.name == new[0]]
            plan = plan_renumbering(
                merged.files, new, wanted, every_new=True, numbering="sequential", now=NOW
            )
            if any(each.is_changed and each.file.version in self.db.rows for each in plan):
                self.note("renumber refused: it ran")
                return
            changed = renumber_lines(content, plan, merged.texts.keys(), Path("migrations.lock"))
            content = content if changed is None else changed
            for each in plan:
                texts[each.new_name] = texts.pop(each.file.name)
        merged.lock = content
        lines = {line.name: line.checksum for line in merged.sealed}
        # Every line of both is there once, with its own checksum, under its present name.
        assert sorted(lines.values()) == sorted(
            each.checksum for each in {line.name: line for line in (*theirs.sealed, *mine.sealed)}.values()
        )
        assert len({file.version for file in merged.files}) == len(merged.files)
        self.here, self.there = merged, None
        self.note("merged with a conflict" if ours and others else "merged")

    # Runs.

    @rule()
    def mend(self) -> None:
        """Do what the messages ask, and run."""
        self.restore_files()
        self.put_rows_back()
        self.stamp()
        self.seal()
        self.up(kill=None, recorded=True)

    @rule(kill=KILLS, recorded=st.booleans())
    def up(self, kill: int | None, recorded: bool) -> None:
        errors = self.file_errors(protected=self.protected)
        unsealed = len(self.here.sealed) < len(self.here.texts)
        assert bool(errors) == (self.files_disagree() or (self.protected and unsealed))
        if errors:
            self.note("up refused: files")
            return
        found = self.read()
        verdict = compare_stamp(self.db.stamp, ENVIRONMENT, self.db.identity, protected=self.protected)
        error = disagreement(found)
        assert (error is not None) == self.database_disagrees(), error
        is_copy = self.db.stamp is not None and self.db.stamp.identity != self.db.identity
        refused = refusal(verdict, ENVIRONMENT)
        assert (refused is not None) == (is_copy and self.protected)
        if error is not None or refused is not None:
            self.note("up refused: database")
            return
        project = self.project()
        todo = [each.file for each in pending_of(found, project, None)]
        assert [each.name for each in todo] == [
            file.name for file in self.here.files if file.version not in self.db.in_place
        ]
        if not todo:
            return
        if to_be_written(verdict):
            self.db.stamp = Stamp(ENVIRONMENT, self.db.identity, "now", "somebody")
        self.begin(found, project)
        mine = {file.version for file in self.here.files}
        for file in todo[:kill]:
            # Where rows may be lost, what another branch has applied is a warning, and orders nothing.
            self.db.run(file, self.db.in_place.keys() & mine if self.disposable else self.db.in_place)
            self.db.record(file.version, file.name, file.checksum, Origin.APPLIED)
        if kill is not None and todo[:kill] and not recorded:
            self.db.lines.pop()
        self.note("up" if kill is None else "up killed")
        if kill is None:
            assert self.db.in_place.keys() >= {file.version for file in self.here.files}

    def begin(self, found: History, project: ProjectFiles) -> None:
        """Open the run in the ledger: a rollback is completed, and what has no line is adopted."""
        if found.missing is not None:
            for each in found.missing.records:
                self.db.record(each.version, each.file, each.checksum, each.how)
        assert isinstance(found.ledger, Ledger)
        for each in lines_to_adopt(found.applied, found.ledger.current, project.migrations):
            self.db.record(each.version, each.file, each.checksum, each.how)
            assert each.checksum is not None
            if self.db.in_place[each.version] != each.checksum:
                self.note("another text was adopted")
                self.db.in_place[each.version] = each.checksum
        self.db.has_run, self.db.unfinished_rollback = True, False

    @precondition(lambda self: not self.protected)
    @rule(kill=st.sampled_from([None, None, "before", "before the line"]))
    def rollback(self, kill: str | None) -> None:
        if self.file_errors(protected=False):
            return
        found, project = self.read(), self.project()
        error = disagreement(found)
        assert (error is not None) == self.database_disagrees(), error
        if error is not None or not (versions := last_applied(found)):
            return
        assert versions == (max(self.db.rows),)
        [version] = versions
        self.begin(found, project)
        self.db.unfinished_rollback = kill is not None
        self.note("rollback" if kill is None else f"rollback killed {kill}")
        if kill == "before":
            return
        line = self.db.current.get(version)
        self.db.rows.remove(version)
        del self.db.in_place[version]
        self.db.tables.pop(f"t{version}", None)
        if kill is None:
            file, checksum = (line.file, line.checksum) if line is not None else (None, None)
            self.db.record(version, file, checksum, Origin.ROLLED_BACK)

    @rule()
    def plain_dbmate(self) -> None:
        """Somebody runs dbmate without this tool: what is pending and comes after the newest runs."""
        if self.files_disagree() or not self.db.current.keys() <= self.db.rows:
            return
        for file in self.here.files:
            if file.version > max(self.db.rows | self.db.in_place.keys(), default=""):
                self.db.run(file, self.db.in_place)
                self.note("plain dbmate")
                return

    @precondition(lambda self: self.db.rows)
    @rule(pick=PICKS)
    def lose_row(self, pick: int) -> None:
        """A row of the history is deleted by hand."""
        version = sorted(self.db.rows)[pick % len(self.db.rows)]
        looks_undone = self.db.unfinished_rollback and version == max(self.db.rows)
        if version in self.db.current and not looks_undone:
            self.db.rows.remove(version)
            self.note("row lost")

    @rule(pick=PICKS, how=st.sampled_from(["drop", "change", "add"]))
    def change_by_hand(self, pick: int, how: str) -> None:
        """Somebody changes the schema, and no migration says so."""
        self.counter += 1
        names = sorted(self.db.tables)
        if how == "add" or not names:
            self.db.tables[f"hand{self.counter}"] = "by_hand"
        elif how == "change":
            self.db.tables[names[pick % len(names)]] = f"by_hand_{self.counter}"
        else:
            del self.db.tables[names[pick % len(names)]]
        self.note("schema changed by hand")

    @precondition(lambda self: self.db.rows and self.db.rows == self.db.in_place.keys())
    @rule()
    def drift(self) -> None:
        """What differs is exactly what was changed by hand, whatever the files have become."""
        found = self.read()
        assert ledger_contradiction(found) is None
        try:
            ran = read_texts(self.database, found, self.project(), found.applied, "a remedy")
        except HistoryError:
            kept = {each.version for each in self.kept()}
            assert not kept.issuperset(found.applied)
            self.note("drift refused: a text is not known")
            return
        if not self.db.current.keys() >= self.db.rows:
            return
        made = {f"t{each.file.version}": column_of(each.file.checksum) for each in ran}
        assert made == {f"t{version}": column_of(each) for version, each in self.db.in_place.items()}
        live = self.db.tables
        told = find_differences(dump_of(made), dump_of(live))
        assert {(each.change, each.name) for each in told} == {
            *(("missing", f"app.{name}") for name in made.keys() - live.keys()),
            *(("extra", f"app.{name}") for name in live.keys() - made.keys()),
            *(("changed", f"app.{name}") for name in made.keys() & live.keys() if made[name] != live[name]),
        }
        self.note("drift" if told else "no drift")

    @rule()
    def put_rows_back(self) -> None:
        """As the hint says."""
        self.db.rows |= self.db.in_place.keys()

    @rule()
    def back_up(self) -> None:
        self.backup = deepcopy(self.db)

    @precondition(lambda self: self.backup is not None)
    @rule(elsewhere=st.booleans())
    def restore(self, elsewhere: bool) -> None:
        """The backup replaces the database, or is loaded into a new one, whose stamp is then a copy's."""
        assert self.backup is not None
        self.db = deepcopy(self.backup)
        if elsewhere:
            self.db.oid += 1
        self.note("restored elsewhere" if elsewhere else "restored")

    @rule()
    def stamp(self) -> None:
        if self.db.stamp is not None:
            self.db.stamp = Stamp(ENVIRONMENT, self.db.identity, "now", "somebody")

    @invariant()
    def a_reader_is_never_wrong_about_what_it_calls_good(self) -> None:
        """Where nothing disagrees, the applied files are what is in place, and the pending ones are not."""
        found = self.read()
        if self.files_disagree() or disagreement(found) is not None or self.disposable:
            return
        assert {each.version for each in found.entries if each.applied} == set(self.db.in_place)
        for each in found.entries:
            if each.applied and each.version in self.db.current:
                assert self.db.in_place[each.version] == each.checksum


def _split(ours: bytes, theirs: bytes) -> tuple[bytes, bytes, bytes]:
    """What both lockfiles begin with, and the rest of each."""
    mine, other = ours.splitlines(keepends=True), theirs.splitlines(keepends=True)
    same = 0
    while same < min(len(mine), len(other)) and mine[same] == other[same]:
        same += 1
    return b"".join(mine[:same]), b"".join(mine[same:]), b"".join(other[same:])


def column_of(checksum: str) -> str:
    """The column of the table that a migration makes: another text makes another one."""
    return f"c{checksum[:12]}"


def dump_of(tables: Mapping[str, str]) -> str:
    """As pg_dump writes these tables."""
    return "".join(table(name, f"{tables[name]} integer") for name in sorted(tables))


def _names(content: bytes) -> Sequence[str]:
    return [line.split(b" ")[0].decode() for line in content.splitlines() if not line.startswith(b"#")]


def counts(machine: type[HistoryMachine]) -> Mapping[str, int]:
    """What happened in all runs, most often first."""
    return dict(machine.seen.most_common())
