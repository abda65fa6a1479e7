"""Prepares the shadow server for the next check, while this one replays: drops old templates, copies one."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import connect
from dbmate_wrap.shadow.old_templates import CONNECT_SECONDS, MOST_BYTES, drop_templates, surplus
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.shadow.template import copy_name
from dbmate_wrap.shadow.template_copy import make_copy


@contextmanager
def preparing_next_check(pool: ScratchPool, key: str | None) -> Iterator[None]:
    """Drop what is too many with one template more, in a session of its own, while the block works.

    It takes as long to drop a database of a thousand tables as to make one. On a server of our own the
    template of `key` is copied as well: it is the history that this check starts from, and the next one
    starts from it too, as long as the same new migration is worked on. The template that was used last is
    spared: the block works on a copy of it.
    """
    templates = pool.templates()
    newest = max(templates, key=lambda name: templates[name].used_at, default="")
    old = surplus(templates, spared=newest, most=pool.most_templates - 1)
    source = pool.template_name(key) if key is not None and not pool.keeps_roles else ""
    kept = {name: template for name, template in templates.items() if name not in old}
    copies = source in kept and sum(each.size for each in kept.values()) + kept[source].size <= MOST_BYTES

    def prepare() -> None:
        with (
            suppress(WrapError),
            connect(pool.url, application_name="dbmate-wrap", timeout=CONNECT_SECONDS) as session,
        ):
            drop_templates(session, old)
            if copies:
                for name in kept:
                    catalog.drop_database(session, copy_name(name))
                make_copy(session, source, kept[source])

    if not (old or copies):
        yield
        return
    thread = Thread(target=prepare, name="next check")
    thread.start()
    try:
        yield
    finally:
        thread.join()
