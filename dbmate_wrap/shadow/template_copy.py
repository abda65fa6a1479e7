"""The copy of a template that was made beforehand: who takes it does not wait until the files are copied."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import catalog, shadow
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.template import Template, copy_name, new_scratch_name, parse_template_comment


def find_copies(
    databases: Collection[shadow.ServerDatabase], templates: Mapping[str, Template]
) -> frozenset[str]:
    """Return the names of the databases that are whole copies of these templates, made by us."""
    sources = {copy_name(name): template for name, template in templates.items()}

    def is_copy(database: shadow.ServerDatabase) -> bool:
        source, record = sources.get(database.name), parse_template_comment(database.comment)
        return source is not None and record is not None and record == replace(source, used_at=record.used_at)

    return frozenset(each.name for each in databases if each.ours and each.valid and is_copy(each))


def make_copy(session: Session, name: str, template: Template) -> None:
    """Make the copy of the template `name`, on a server of our own. Raises FailedError."""
    scratch = new_scratch_name()
    shadow.create(session, scratch, name, unicode=True, owner=None, is_own=True)
    try:
        shadow.publish(session, scratch, copy_name(name), template.comment())
    except BaseException:
        catalog.drop_database(session, scratch)
        raise


def take_copy(session: Session, name: str, target: str, owner: str | None) -> bool:
    """Turn the copy of the template `name` into the database `target` of `owner` (None: ours).

    Returns False where there is none.
    """
    copy = quoted(copy_name(name))
    commands = [f"comment on database {copy} is null", f"alter database {copy} allow_connections true"]
    if owner is not None:
        commands.append(f"alter database {copy} owner to {quoted(owner)}")
    commands.append(f"alter database {copy} rename to {quoted(target)}")
    with suppress(FailedError):
        session.rows("; ".join(commands))  # One transaction.
        return True
    return False


def drop_template(session: Session, name: str) -> None:
    """Drop a template, and its copy before: that needs the same roles. Raises FailedError."""
    catalog.drop_database(session, copy_name(name))
    catalog.drop_database(session, name)
