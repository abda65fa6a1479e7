"""Peers whose migrations are files of SQL: ours, raw dbmate, yoyo, sqitch."""

from collections.abc import Mapping
from pathlib import Path

from dbmate_wrap.cluster import binaries
from scripts.bench.measure import DBMATE, WRAP, add_migration, timed
from scripts.bench.peers.peer import Address, Peer, table_sql, url_variable

_DBMATE_ROWS = "select version from schema_migrations"


def wrap(version: str) -> Peer:
    """This project's own command."""
    return Peer(
        name="dbmate-wrap",
        version=version,
        write=_write_sealed,
        start=(*WRAP, "--version"),
        status=(*WRAP, "status", "-e", "bench", "-q"),
        up=(*WRAP, "up", "-e", "bench", "-q"),
        recorded=_DBMATE_ROWS,
        variables=lambda address: {"BENCH_DATABASE_URL": address.url},
        how="`dbmate-wrap status`, `dbmate-wrap up`; SQL files, sealed",
        transactions="each migration",
        locks="advisory lock: the others wait",
        checks="contents of all files, history, preflight, hash of dbmate, a ledger of each run",
    )


def dbmate(version: str) -> Peer:
    """The binary that ours wraps."""
    return Peer(
        name="dbmate",
        version=version,
        write=_write_dbmate,
        start=(DBMATE, "--version"),
        status=(DBMATE, "status"),
        up=(DBMATE, "--no-dump-schema", "migrate"),
        recorded=_DBMATE_ROWS,
        variables=url_variable,
        how="`dbmate status`, `dbmate --no-dump-schema migrate`; the same SQL files",
        transactions="each migration",
        locks="none",
        checks="none",
    )


def yoyo(version: str, program: Path) -> Peer:
    """yoyo-migrations, with psycopg."""
    return Peer(
        name="yoyo",
        version=version,
        write=_write_yoyo,
        start=(str(program), "--help"),
        status=(str(program), "list"),
        up=(str(program), "apply", "--batch"),
        recorded="select migration_id from _yoyo_migration",
        variables=lambda address: address.variables(),
        how="`yoyo list`, `yoyo apply --batch`; SQL files; it has no `--version`, so `--help` is its start",
        transactions="each migration",
        locks="a row of a table: the others wait 10 s",
        checks="none",
    )


def sqitch(version: str, program: str) -> Peer:
    """Sqitch, which runs a psql for each change."""
    return Peer(
        name="sqitch",
        version=version,
        write=_write_sqitch,
        start=(program, "--version"),
        status=(program, "status"),
        up=(program, "deploy"),
        recorded="select change from sqitch.changes",
        variables=_sqitch_variables,
        how="`sqitch status`, `sqitch deploy`; SQL scripts with BEGIN and COMMIT, no verify scripts",
        transactions="each change, its record apart",
        locks="advisory lock: the others wait",
        checks="the plan is a chain of hashes",
    )


def _write_dbmate(folder: Path, count: int) -> None:
    made = folder / "db" / "migrations"
    made.mkdir(parents=True)
    for number in range(1, count + 1):
        add_migration(made, number)


def _write_sealed(folder: Path, count: int) -> None:
    _write_dbmate(folder, count)
    (folder / "dbmate-wrap.toml").write_text("[environments.bench]\n")
    timed([*WRAP, "seal", "-q"], cwd=folder)


def _write_yoyo(folder: Path, count: int) -> None:
    made = folder / "migrations"
    made.mkdir()
    # The rest of the address comes from the variables of libpq.
    (folder / "yoyo.ini").write_text(
        "[DEFAULT]\nsources = migrations\ndatabase = postgresql:///%(PGDATABASE)s\n"
    )
    for number in range(1, count + 1):
        depends = f"-- depends: {number - 1:04}_t{number - 1}\n" if number > 1 else ""
        (made / f"{number:04}_t{number}.sql").write_text(f"{depends}{table_sql(number)}")
        (made / f"{number:04}_t{number}.rollback.sql").write_text(f"drop table public.t{number};\n")


def _write_sqitch(folder: Path, count: int) -> None:
    for name in ("deploy", "revert"):
        (folder / name).mkdir()
    psql = binaries.embedded().bin_dir / "psql"
    (folder / "sqitch.conf").write_text(
        f'[core]\n\tengine = pg\n[engine "pg"]\n\ttarget = db:pg:\n\tclient = {psql}\n'
    )
    plan = ["%syntax-version=1.0.0", "%project=bench", ""]
    for number in range(1, count + 1):
        needs = f"[t{number - 1}] " if number > 1 else ""
        plan.append(f"t{number} {needs}2026-01-01T00:00:00Z Bench <bench@example.org> # Table {number}")
        up = f"-- Deploy bench:t{number} to pg\n\nBEGIN;\n\n{table_sql(number)}\nCOMMIT;\n"
        (folder / "deploy" / f"t{number}.sql").write_text(up)
        down = f"-- Revert bench:t{number} from pg\n\nBEGIN;\n\nDROP TABLE public.t{number};\n\nCOMMIT;\n"
        (folder / "revert" / f"t{number}.sql").write_text(down)
    (folder / "sqitch.plan").write_text("\n".join(plan) + "\n")


def _sqitch_variables(address: Address) -> Mapping[str, str]:
    return {
        **address.variables(),
        "SQITCH_FULLNAME": "Bench",
        "SQITCH_EMAIL": "bench@example.org",
    }
