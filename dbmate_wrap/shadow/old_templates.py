"""Drops the templates that were not used for longest, where there are too many."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Thread

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.shadow.template import Template

MOST_BYTES = 1 << 30
CONNECT_SECONDS = 10


def surplus(templates: Mapping[str, Template], *, spared: str, most: int) -> list[str]:
    """Return the names of the least recently used ones beyond `most` or MOST_BYTES; never `spared`."""
    names, free = [], MOST_BYTES
    by_age = sorted(templates.items(), key=lambda item: item[1].used_at, reverse=True)
    for index, (name, template) in enumerate(by_age):
        free -= template.size
        if name != spared and (index >= most or free < 0):
            names.append(name)
    return names


def drop_templates(session: Session, names: Sequence[str]) -> None:
    """Drop these; what cannot be dropped stays: one too many does no harm, and the next check tries again."""
    for name in names:
        with suppress(WrapError):
            catalog.drop_database(session, name)


@contextmanager
def making_room(url: DatabaseUrl, templates: Mapping[str, Template], most: int) -> Iterator[None]:
    """Drop in a session of its own what is too many with one more, while the block works on other databases.

    It takes as long to drop a database of a thousand tables as to make one. The last one used is spared: the
    block works on a copy of that.
    """
    newest = max(templates, key=lambda name: templates[name].used_at, default="")
    names = surplus(templates, spared=newest, most=most - 1)

    def drop() -> None:
        with (
            suppress(WrapError),
            connect(url, application_name="dbmate-wrap", timeout=CONNECT_SECONDS) as session,
        ):
            drop_templates(session, names)

    thread = Thread(target=drop, name="old templates")
    if names:
        thread.start()
    try:
        yield
    finally:
        if names:
            thread.join()
