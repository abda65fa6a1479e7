"""The pytest plugin: fixtures that give tests a database in which the migrations were applied.

`MigratedDatabase` and `MigratedDatabaseAt` are the types of the fixtures. Whoever uses none of them imports
nothing but this file, `database.py` and `plugin.py`.
"""

from dbmate_wrap.pytest_plugin.database import MigratedDatabase, MigratedDatabaseAt, MigrationFailed

__all__ = ["MigratedDatabase", "MigratedDatabaseAt", "MigrationFailed"]
