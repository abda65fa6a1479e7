"""Opens a database by a URL that was found earlier, whose password may live for minutes only."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import UnreachableError
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import accept_url

_T = TypeVar("_T")


@contextmanager
def open_by_known_url(
    context: Context, url: DatabaseUrl, connect: Callable[[DatabaseUrl], AbstractContextManager[_T]]
) -> Iterator[_T]:
    """Open by `connect`; where the password of `url` is refused, once more by the URL that there is now.

    Raises what `connect` raises, and ConfigError where the URL cannot be found any more.
    """
    with ExitStack() as opened:
        try:
            found = opened.enter_context(connect(url))
        except UnreachableError as error:
            resolved = context.environment.resolve_url(url) if error.kind == "password" else None
            renewed = accept_url(context, resolved) if resolved is not None else url
            if renewed == url:
                raise
            found = opened.enter_context(connect(renewed))
        yield found
