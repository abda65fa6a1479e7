"""The SQL that is run on an empty scratch database before the replay (the setting shadow_setup)."""

from collections.abc import Iterator
from dataclasses import dataclass

from dbmate_wrap import sql
from dbmate_wrap.errors import FailedError, Fault
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.settings import Environment
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.text_file import read_text


@dataclass(frozen=True)
class SetupFile:
    """The text of the file, and its name as people see it."""

    name: str
    text: str

    def run(self, session: Session, *, origin: str, keeps_roles: bool) -> None:
        """Run it, statement by statement. Raises what `setup_error` returns, with file and line."""
        for offset, statement in self._statements():
            try:
                session.rows(statement)
            except FailedError as error:
                from dbmate_wrap.review.replay_errors import setup_error  # Much to load, for an error alone.

                raise setup_error(self._place(offset), error, origin, keeps_roles=keeps_roles) from error

    def _statements(self) -> Iterator[tuple[int, str]]:
        if not sql.is_available():
            yield 0, self.text
            return
        from dbmate_wrap.sql.parse import read_sql

        reading = read_sql(self.text)
        for place in reading.unreadable:
            raise FailedError(
                f"{self._place(place.offset)}: {place.message}",
                hint="the file holds plain SQL, without commands of psql",
            )
        yield from ((statement.offset, statement.text) for statement in reading.statements)

    def _place(self, offset: int) -> str:
        line = self.text.count("\n", 0, offset) + 1
        return f"{self.name}:{line}"


def read_setup(environment: Environment) -> SetupFile | None:
    """Return the file that shadow_setup names; None without that setting. Raises ConfigError."""
    path = environment.values.shadow_setup
    if path is None:
        return None
    name, faults = environment.display_path(path), list[Fault]()
    text = read_text(path, name, faults)
    if text is None:
        missing = Fault(f"{name} does not exist", environment.sources["shadow_setup"])
        raise config_error(*(faults or [missing]))
    return SetupFile(name, text)
