"""Peers of Node.js: node-pg-migrate and knex."""

from pathlib import Path

from scripts.bench.peers.peer import Peer, url_variable

_PGM = """\
exports.up = (pgm) => {{
  pgm.createTable('t{number}', {{
    id: {{ type: 'bigint', primaryKey: true }},
    name: {{ type: 'text', notNull: true }},
  }});
}};

exports.down = (pgm) => {{
  pgm.dropTable('t{number}');
}};
"""
_KNEXFILE = """\
module.exports = {
  client: 'pg',
  connection: process.env.DATABASE_URL,
};
"""
_KNEX = """\
exports.up = (knex) =>
  knex.schema.createTable('t{number}', (table) => {{
    table.bigInteger('id').primary();
    table.text('name').notNullable();
  }});

exports.down = (knex) => knex.schema.dropTable('t{number}');
"""


def node_pg_migrate(version: str, modules: Path) -> Peer:
    """node-pg-migrate; `modules` is the folder node_modules."""
    program = str(modules / ".bin" / "node-pg-migrate")
    return Peer(
        name="node-pg-migrate",
        version=version,
        write=lambda folder, count: _write_pgm(folder, count, modules),
        start=(program, "--version"),
        status=(program, "up", "--dry-run"),
        up=(program, "up"),
        recorded="select name from pgmigrations",
        variables=url_variable,
        how="`node-pg-migrate up --dry-run` (it has no status), `node-pg-migrate up`; modules of JavaScript",
        transactions="all in one",
        locks="advisory lock: the others fail",
        checks="order of the files",
    )


def knex(version: str, modules: Path) -> Peer:
    """knex with the driver pg."""
    program = str(modules / ".bin" / "knex")
    return Peer(
        name="knex",
        version=version,
        write=lambda folder, count: _write_knex(folder, count, modules),
        start=(program, "--version"),
        status=(program, "migrate:status"),
        up=(program, "migrate:latest"),
        recorded="select name from knex_migrations",
        variables=url_variable,
        how="`knex migrate:status`, `knex migrate:latest`; modules of JavaScript",
        transactions="each migration",
        locks="a row of a table: the others fail, and all of them where two first runs made that row",
        checks="that no applied file is missing",
    )


def _write_pgm(folder: Path, count: int, modules: Path) -> None:
    _write_modules(folder, count, modules, _PGM)


def _write_knex(folder: Path, count: int, modules: Path) -> None:
    (folder / "knexfile.js").write_text(_KNEXFILE)
    _write_modules(folder, count, modules, _KNEX)


def _write_modules(folder: Path, count: int, modules: Path, text: str) -> None:
    (folder / "node_modules").symlink_to(modules)
    (folder / "package.json").write_text('{ "private": true }\n')
    made = folder / "migrations"
    made.mkdir()
    for number in range(1, count + 1):
        (made / f"{number:04}_t{number}.js").write_text(text.format(number=number))
