"""The findings of the SQL rules; what they say of the same files is kept from one check to the next."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from importlib.util import find_spec
from pathlib import Path

from dbmate_wrap import __version__, sql
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.policy import sql_rules
from dbmate_wrap.policy.sql_rules import RuleContext, SqlJudgement
from dbmate_wrap.shadow.cache import chain_keys
from dbmate_wrap.shadow.signature import read_signed, write_signed
from dbmate_wrap.workspace.local_folder import create_local_folder, judgements_dir

_NAME = "sql-findings"
# Increased where the file is written in another way than before.
_FORMAT = 1
# A thousand migrations without findings take 110 kB.
_MOST_BYTES = 4_000_000
_PROGRAM = Path(__file__).parents[1]
# The packages that judge, and the parser: other files of theirs may judge otherwise.
_JUDGES = ("domain", "migrations", "policy", "policy/rules", "sql")


@dataclass(frozen=True)
class SqlFindings:
    """The findings; `were_checked` is False where the SQL parser cannot be loaded."""

    findings: tuple[Finding, ...]
    were_checked: bool


def find_in_sql(migrations: Sequence[ParsedMigration], context: RuleContext, root: Path) -> SqlFindings:
    """Return what the SQL rules find in `migrations`, which are all of the project in `root`, in order.

    What they say of the first files is known, where these were the first in an earlier check too, by the same
    program; for the rest the parser is loaded.
    """
    keys = _keys(migrations, context)
    known = _load(judgements_dir(root), keys)
    if len(known) == len(keys):
        judged = known
    elif not sql.is_available():
        return SqlFindings(sql_rules.check_sql(migrations, context), were_checked=False)
    else:
        judged = sql_rules.judge(migrations, context, known)
        _save(root, keys, judged)
    return SqlFindings(sql_rules.findings_of(migrations, judged, context), were_checked=True)


def _keys(migrations: Sequence[ParsedMigration], context: RuleContext) -> tuple[str, ...]:
    """Return a key for each migration: of it, all before it, and all else that a judgement depends on."""
    baseline = sql_rules.baseline_name(migration.file.name for migration in migrations)
    matters = (_FORMAT, _program(), context.history_table, context.folder, baseline)
    return chain_keys([repr(matters)], [migration.file for migration in migrations])


def _program() -> tuple[object, ...]:
    """Return what changes with the program: a checkout of it has new rules without a new version."""
    found = find_spec("postgast")
    places = [*(_PROGRAM / name for name in _JUDGES), *((found and found.submodule_search_locations) or ())]
    return (__version__, *(each for place in places for each in sorted(_code_in(place))))


def _code_in(folder: Path | str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".so", ".dylib")):
                stat = entry.stat()
                yield entry.name, stat.st_size, stat.st_mtime_ns


def _load(folder: Path, keys: Sequence[str]) -> tuple[SqlJudgement, ...]:
    """Return what is known of the first files; of none where the file is not ours."""
    text = read_signed(folder / _NAME)
    try:
        known = []
        for key, (recorded, findings, made) in zip(keys, json.loads(text or "[]"), strict=False):
            if key != recorded:
                break
            known.append(SqlJudgement(tuple(Finding(*each) for each in findings), made))
        return tuple(known)
    except (ValueError, TypeError):
        return ()


def _save(root: Path, keys: Sequence[str], judged: Sequence[SqlJudgement]) -> None:
    records = [
        (
            key,
            [astuple(each) for each in one.findings],
            {name: sorted(each) for name, each in one.made.items()},
        )
        for key, one in zip(keys, judged, strict=True)
    ]
    text = json.dumps(records, separators=(",", ":"))
    if len(text) <= _MOST_BYTES:
        create_local_folder(root)
        write_signed(judgements_dir(root) / _NAME, text)
