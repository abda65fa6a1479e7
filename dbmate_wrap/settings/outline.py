"""What a project has, read without a judgement, for shell completion: it works where settings are wrong."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.settings.config_file import MIGRATIONS, find_project
from dbmate_wrap.settings.names import BUILT_IN, ENVIRONMENT_VARIABLE, PREFIX, is_name

_DEFAULT_ENVIRONMENT = "dev"


@dataclass(frozen=True)
class Outline:
    """A project's folder, and the table of its configuration as it was written, which may be wrong."""

    root: Path
    table: Mapping[str, object] = field(repr=False)

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of all environments, the built-in ones first."""
        return tuple(dict.fromkeys((*BUILT_IN, *filter(is_name, self._table("environments")))))

    @property
    def fleets(self) -> Mapping[str, Mapping[str, object]]:
        """The tables of the fleets by their names."""
        found = self._table("fleets")
        return {name: keys for name, keys in found.items() if is_name(name) and isinstance(keys, dict)}

    def migrations_dir(self, environment: str | None) -> Path:
        """Return the folder of the migrations, absolute; None: of the default environment."""
        name = environment or os.environ.get(ENVIRONMENT_VARIABLE) or self._default
        own = self._table("environments").get(name)
        given = [
            os.environ.get(f"{PREFIX}MIGRATIONS_DIR"),
            own.get("migrations_dir") if isinstance(own, dict) else None,
            self.table.get("migrations_dir"),
        ]
        return self.root / next((each for each in given if isinstance(each, str) and each), MIGRATIONS)

    @property
    def _default(self) -> str:
        named = self.table.get("default_environment")
        return named if isinstance(named, str) else _DEFAULT_ENVIRONMENT

    def _table(self, key: str) -> Mapping[str, object]:
        found = self.table.get(key)
        return found if isinstance(found, dict) else {}


def read_outline(project: Path | None) -> Outline:
    """Return the outline of the project that `project` names, or that is found upwards.

    Runs nothing and connects to nothing. Raises ConfigError where `project` is no folder.
    """
    root, document = find_project(project, [], [], None)
    return Outline(root, document.table if document is not None else {})
