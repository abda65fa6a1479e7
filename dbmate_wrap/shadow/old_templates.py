"""Drops the templates that were not used for longest, where there are too many."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.template import Template
from dbmate_wrap.shadow.template_copy import drop_template

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
            drop_template(session, name)
