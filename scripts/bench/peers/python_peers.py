"""Peers whose migrations are modules of Python: alembic and django."""

import subprocess
from pathlib import Path

from scripts.bench.peers.peer import Address, Peer, url_variable

_ALEMBIC_INI = "[alembic]\nscript_location = alembic\n"
_ALEMBIC_ENV = """\
import os

from alembic import context
from sqlalchemy import create_engine, make_url, pool

url = make_url(os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://"))
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = '''\
"""Table {number}"""

import sqlalchemy as sa
from alembic import op

revision = "m{number:04}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "t{number}",
        sa.Column("id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("t{number}")
'''
# What the one row says: everything up to that revision.
_ALEMBIC_ROWS = (
    "select number from alembic_version, generate_series(1, substr(version_num, 2)::int) as number"
)
_MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
"""
_SETTINGS = """\
import os

SECRET_KEY = "of a benchmark"
INSTALLED_APPS = ["bench"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
        "PASSWORD": os.environ["PGPASSWORD"],
        "NAME": os.environ["PGDATABASE"],
    }
}
"""
_MODEL = """

class T{number}(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField()

    class Meta:
        db_table = "t{number}"
"""
_MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = {initial}
    dependencies = [{before}]
    operations = [
        migrations.CreateModel(
            name="T{number}",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
            ],
            options={{"db_table": "t{number}"}},
        ),
    ]
"""


def alembic(version: str, programs: Path) -> Peer:
    """Alembic with SQLAlchemy and psycopg; `programs` is the folder of the environment's commands."""
    program = str(programs / "alembic")
    return Peer(
        name="alembic",
        version=version,
        write=lambda folder, count: _write_alembic(folder, count, programs),
        start=(program, "--version"),
        status=(program, "current"),
        up=(program, "upgrade", "head"),
        recorded=_ALEMBIC_ROWS,
        variables=url_variable,
        how="`alembic current` (names the last one only), `alembic upgrade head`; modules, compiled before",
        transactions="all in one",
        locks="none",
        checks="none",
    )


def django(version: str, programs: Path) -> Peer:
    """Django with one app and psycopg."""
    python = str(programs / "python")
    return Peer(
        name="django",
        version=version,
        write=lambda folder, count: _write_django(folder, count, programs),
        start=(str(programs / "django-admin"), "--version"),
        status=(python, "manage.py", "showmigrations"),
        up=(python, "manage.py", "migrate", "--no-input"),
        recorded="select name from django_migrations where app = 'bench'",
        variables=Address.variables,
        how="`manage.py showmigrations`, `manage.py migrate`; one app with its models, compiled before",
        transactions="each migration",
        locks="none",
        checks="its system checks; models against migrations",
    )


def _write_alembic(folder: Path, count: int, programs: Path) -> None:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(_ALEMBIC_INI)
    (folder / "alembic" / "env.py").write_text(_ALEMBIC_ENV)
    for number in range(1, count + 1):
        before = f'"m{number - 1:04}"' if number > 1 else "None"
        text = _REVISION.format(number=number, before=before)
        (versions / f"m{number:04}_table_{number}.py").write_text(text)
    _compile(folder, programs)


def _write_django(folder: Path, count: int, programs: Path) -> None:
    migrations = folder / "bench" / "migrations"
    migrations.mkdir(parents=True)
    for package in (migrations, migrations.parent):
        (package / "__init__.py").touch()
    (folder / "manage.py").write_text(_MANAGE)
    (folder / "settings.py").write_text(_SETTINGS)
    models = "".join(_MODEL.format(number=number) for number in range(1, count + 1))
    (folder / "bench" / "models.py").write_text(f"from django.db import models\n{models}")
    for number in range(1, count + 1):
        before = f'("bench", "{number - 1:04}_t{number - 1}")' if number > 1 else ""
        text = _MIGRATION.format(number=number, before=before, initial=number == 1)
        (migrations / f"{number:04}_t{number}.py").write_text(text)
    _compile(folder, programs)


def _compile(folder: Path, programs: Path) -> None:
    """The first run does not pay for what every later one finds."""
    subprocess.run([programs / "python", "-m", "compileall", "-q", folder], check=True)
