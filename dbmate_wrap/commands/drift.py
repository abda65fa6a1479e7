"""Compares the live schema with what the migrations make that are applied there."""

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import DriftError, HistoryError
from dbmate_wrap.execution.what_ran import read_texts
from dbmate_wrap.review.live_comparison import LiveComparison, compare_live
from dbmate_wrap.review.replay_means import make_means
from dbmate_wrap.workspace import database, guard, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.drift_request import DriftRequest
from dbmate_wrap.workspace.history import (
    History,
    ledger_contradiction,
    not_baselined,
    read_history,
)
from dbmate_wrap.workspace.live_schema import read_alone, read_needs
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.renewed_url import open_by_known_url
from dbmate_wrap.workspace.replay_setup import make_setup

_BESIDE = {"rights": "rights", "remark": "remarks", "reordered": "reordered", "partition": "partitions"}


def drift(context: Context, outcome: Outcome, *, shown: frozenset[str]) -> None:
    """Compare, and tell what is missing, extra and changed in the live schema; `shown` are classes beside.

    Raises DriftError (33) where it differs.
    """
    loaded = project_files.load_files(context.environment, context.project.policy)
    loaded.raise_if_unreadable()
    with database.open_database(context) as db:  # 21
        _compare_database(context, outcome, db, DriftRequest(loaded.files, shown))


def drift_target(context: Context, outcome: Outcome, url: DatabaseUrl, request: DriftRequest) -> None:
    """Compare one database of many, whose URL is known; as `drift`."""

    def connect(known: DatabaseUrl) -> AbstractContextManager[Database]:
        return database.open_database(context, url=known)

    with open_by_known_url(context, url, connect) as db:  # 21
        _compare_database(context, outcome, db, request)


def _compare_database(context: Context, outcome: Outcome, db: Database, request: DriftRequest) -> None:
    environment, files, shown = context.environment, request.files, request.shown
    outcome.target = db.target
    found = read_history(db, files, environment.values)  # 13, 22
    guard.refuse_foreign_stamp(environment, found)  # 20
    if error := ledger_contradiction(found) or not_baselined(db):
        raise error  # 13
    if not found.applied:
        raise HistoryError(
            f"nothing is applied in {db.url.database}: there is nothing to compare it with",
            hint="apply the migrations: dbmate-wrap up",
        )
    compared = _compare(context, db, files, found)
    told = [each for each in compared.differences if each.is_drift or each.change in shown]
    outcome.result = DriftResult(tuple(told))
    number = sum(each.is_drift for each in told)
    applied = count(len(found.applied), "migration")
    outcome.summary = f"compared with {applied} on {compared.origin}: " + _counted(compared, number, shown)
    if number:
        raise DriftError(
            f"the schema of {environment.name} differs from what its {applied} make:"
            f" {count(number, 'object')}",
            hint="each has its own way out in the list; a change that is to stay becomes a migration:"
            " dbmate-wrap new NAME",
        )


def _compare(context: Context, db: Database, files: ProjectFiles, found: History) -> LiveComparison:
    remedy = "get the files from version control"
    history = read_texts(db, found, files, found.applied, remedy)  # 13
    sums = {each.file.name: each.file.checksum for each in files.parsed}
    ran = [each.file for each in history]
    if edited := [file.name for file in ran if sums.get(file.name, file.checksum) != file.checksum]:
        context.console.say(f"{', '.join(edited)}: compared by the text that ran, not by the file")
    means = make_means(
        replace(files, parsed=history), context.environment, make_setup(context), context.console
    )
    read_live = partial(read_alone, context, db)
    compared = compare_live(means, read_needs(db), read_live, "dbmate-wrap drift")
    return compared.without(context.environment.values.drift_ignore, context.console.say)


def _counted(compared: LiveComparison, number: int, shown: frozenset[str]) -> str:
    words = count(number, "difference") if number else "no difference"
    hidden: dict[str, int] = {}
    for each in compared.differences:
        if not each.is_drift and each.change not in shown:
            hidden[each.change] = hidden.get(each.change, 0) + 1
    more = [f"{count} {_BESIDE[change]} (--{_BESIDE[change]})" for change, count in hidden.items()]
    more += [f"{compared.ignored} in drift_ignore"] if compared.ignored else []
    return words + (f"; not shown: {', '.join(more)}" if more else "")
