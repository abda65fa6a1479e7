"""Every setting that is not a secret: its name, type, default and meaning."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from dbmate_wrap.domain.byte_size import parse_size, write_size
from dbmate_wrap.domain.drift_ignore import IgnoredDifference, read_ignored
from dbmate_wrap.settings.durations import (
    Duration,
    DurationOrNone,
    DurationOrWordNone,
    Patience,
    write_duration,
)
from dbmate_wrap.settings.names import PREFIX

_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")


def _path(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("must be a path, written as text")
    if "://" in str(value):
        raise ValueError("must be a path, not a URL")
    return value


def _table(value: str) -> str:
    if not _TABLE.fullmatch(value) or any(len(part) > 63 for part in value.split(".")):
        raise ValueError("must be a table name, or schema.table, in letters, digits and _")
    return value


def _role(value: str) -> str:
    if not value or len(value.encode()) > 63 or "\0" in value or value.lower() == "none":
        raise ValueError("must be the name of a role, of at most 63 bytes")
    return value


def _shadow(value: str) -> str:
    if not re.fullmatch(r"auto|url|(embedded|local)(:[0-9]{1,2})?", value):
        raise ValueError("must be auto, embedded, local, either with :<major> (as in local:16), or url")
    return value


def _size(value: object) -> object:
    return value if isinstance(value, int) else parse_size(value)


FilePath = Annotated[Path, BeforeValidator(_path)]


class Values(BaseSettings):
    """The settings of one environment: what the constructor gets, then process variables, then defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # Pipelines and containers set empty variables for "not set".
        frozen=True,
        validate_default=False,  # They are written below in their final types.
        hide_input_in_errors=True,  # A value in the wrong place may be a secret.
    )

    migrations_dir: FilePath = Field(Path("db/migrations"), description="Folder of the migration files.")
    schema_file: FilePath = Field(Path("db/schema.sql"), description="File that `dump` writes.")
    lockfile: FilePath = Field(Path("db/migrations.lock"), description="File that `seal` appends to.")
    migrations_table: Annotated[str, AfterValidator(_table)] = Field(
        "schema_migrations", description="Table of applied versions, dbmate's own; may name its schema."
    )
    protected: bool = Field(
        False,
        description="Writing asks for the environment's name, or `--yes`; no rollback; only sealed files.",
    )
    disposable: bool = Field(
        False, description="Its rows may be lost: `exec -- drop` and undoing what was edited ask nothing."
    )
    dump_schema: bool = Field(
        False, description="`up` and `rollback`, but not `fleet up`, end with a schema dump."
    )
    create_database: bool = Field(False, description="`up` creates a missing database.")
    lock_timeout: DurationOrWordNone = Field(
        5.0, description="How long a statement of a migration may wait for a lock that others hold."
    )
    concurrent_lock_timeout: DurationOrNone = Field(
        None, description="The lock_timeout of a migration whose statement is `CONCURRENTLY`."
    )
    lock_retries: Annotated[int, Field(ge=0, le=1000)] = Field(
        8, description="How often a migration is tried again after `lock_timeout`."
    )
    statement_timeout: DurationOrNone = Field(None, description="How long one statement may take.")
    connect_timeout: Duration = Field(10.0, description="How long to wait for a connection.")
    role: Annotated[str, AfterValidator(_role)] | None = Field(
        None, description="SET ROLE of the sessions that migrate: what they make belongs to it."
    )
    advisory_lock_wait: Patience = Field(
        60.0, description="How long to wait for another run to end; `0` is not at all."
    )
    require_tls: bool = Field(False, description="Refuse a connection over a network without TLS.")
    ledger: bool = Field(True, description="Keep history and environment stamp in the schema `dbmate_wrap`.")
    url_file: FilePath | None = Field(
        None, description="File that holds the database URL (a mounted secret)."
    )
    host: str | None = Field(
        None, description="Host of the database, for a secret that is no URL; with `database` and `user`."
    )
    port: Annotated[int, Field(ge=1, le=65535)] = Field(5432, description="Port beside `host`.")
    database: str | None = Field(None, description="Database beside `host`.")
    user: str | None = Field(None, description="Account beside `host`.")
    password_file: FilePath | None = Field(
        None, description="File that holds the password alone, beside `host` (a mounted secret)."
    )
    url_command: str | None = Field(
        None, description="Command that prints the database URL; run without a shell."
    )
    notify_command: str | None = Field(
        None, description="Command that gets the JSON document of a run that wrote; run without a shell."
    )
    numbering: Literal["auto", "sequential", "timestamp"] = Field(
        "auto",
        description="How files are numbered: `auto` as the newest is, `sequential` without gaps, `timestamp`;"
        " after a version that is a time `new` always takes one too.",
    )
    dbmate_path: FilePath | None = Field(
        None, description="The dbmate binary, where it is not beside Python."
    )
    pg_dump_path: FilePath | None = Field(
        None, description="The pg_dump to use, else the embedded server's, else PATH's."
    )
    shadow: Annotated[str, AfterValidator(_shadow)] = Field(
        "auto",
        description="Server of shadows: `auto` (the first that has what the history needs), `embedded`,"
        " `local`, either with `:<major>`, or `url` (`shadow_url`).",
    )
    shadow_superuser: bool = Field(
        False,
        description="Replay as superuser on a server that `check` starts; counts where the base has it too.",
    )
    shadow_setup: FilePath | None = Field(
        None,
        description="SQL file that is run before a replay, on the empty shadow database: roles, schemas and"
        " stubs that production has from elsewhere. It lies in the project.",
    )
    shadow_url: SecretStr | None = Field(
        None, description="URL of a server for shadow databases; with a password only as a process variable."
    )
    drift_ignore: Annotated[tuple[IgnoredDifference, ...], NoDecode, BeforeValidator(read_ignored)] = Field(
        (), description="What `drift` and `baseline` leave out: each with `kind`, `name` and `because`."
    )
    plan_fail_on: (
        Literal[
            "rewrites",
            "blocks all",
            "blocks writes",
            "waits for old transactions",
            "scans online",
            "brief lock",
        ]
        | None
    ) = Field(None, description="The least bad verdict with which `plan` ends with 12.")
    plan_size_limit: Annotated[int, BeforeValidator(_size)] | None = Field(
        None, description="From this size of a table on the gate `plan.fail_on` counts: `1GB`; else always."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only these two: the others cost every command some milliseconds for each environment."""
        return init_settings, env_settings


NAMES: tuple[str, ...] = tuple(Values.model_fields)
# Their names in the table [plan] of a file.
PLAN_KEYS = {name.removeprefix("plan_"): name for name in NAMES if name.startswith("plan_")}
COMMANDS = tuple(name for name in NAMES if name.endswith("_command"))
BOOLEANS = frozenset(name for name, field in Values.model_fields.items() if field.annotation is bool)
PATHS = frozenset(name for name in NAMES if name.endswith(("_dir", "file", "_path", "_setup")))
# The settings that are durations, with their type for the docs.
DURATIONS = {
    "lock_timeout": "duration or `none`",
    "concurrent_lock_timeout": "duration or `none`",
    "connect_timeout": "duration",
    "statement_timeout": "duration or `none`",
    "advisory_lock_wait": "duration or `0`",
}


def written_keys(name: str) -> tuple[str, ...]:
    """Return a setting as a file has it: its key, below the table where it stands in one."""
    return ("plan", name.removeprefix("plan_")) if name in PLAN_KEYS.values() else (name,)


def format_value(name: str, value: object, root: Path) -> str:
    """Return the value of the setting `name` as text; paths below `root` are relative to it."""
    if name in DURATIONS and (value is None or isinstance(value, float)):
        return write_duration(value)
    if name == "plan_size_limit" and isinstance(value, int):
        return write_size(value)
    match value:
        case None | ():
            return "-"
        case tuple():
            return ", ".join(map(str, value))
        case bool():
            return str(value).lower()
        case Path() if value.is_relative_to(root):
            return str(value.relative_to(root))
        case _:
            return str(value)  # SecretStr becomes stars.
