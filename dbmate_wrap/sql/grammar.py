"""Parses SQL with PostgreSQL's grammar, whatever the text holds: a result or the parser's complaint."""

import ctypes
import functools
import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from postgast import PgQueryError, parse
from postgast import pg_query_pb2 as pb

# libpg_query hands its tree over by recursion, so that 'a'||'b'||... of some 20,000 parts overflows a stack
# of 8 MiB and ends the whole process. Measured on x86-64, for every construct that nests: at most 400 bytes a
# character, and 400 bytes a level as `nesting` counts them.
# Up to this length the stack of the caller is enough: 1.6 MB.
_SHORT = 4_000
# Up to this length no text can be nested too deeply for a stack of our own: 8 MB of it.
SAFE_LENGTH = 20_000
# Up to so many levels neither can a longer one: 12.4 MB of it. protobuf itself refuses some 32,000.
DEEPEST = 31_000
_STACK = 64 << 20
_stack_size = threading.Lock()
_depth_limit = threading.Lock()
# The parser quotes what it stumbled over, were it a string of megabytes.
_LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class Refused:
    """The reason why a text has no tree; `position` counts characters from its beginning."""

    position: int
    message: str


TOO_DEEP = Refused(0, "nested too deeply for the parser")


def parse_statements(sql: str) -> Sequence[pb.RawStmt] | Refused:
    """Return the raw statements of `sql`, which must be short (SAFE_LENGTH) or not too deep (DEEPEST).

    Never raises for anything that the text holds.
    """
    return _parse(sql) if len(sql) <= _SHORT else _parse_in_thread(sql)


def _parse_in_thread(sql: str) -> Sequence[pb.RawStmt] | Refused:
    """Parse in a thread, which can have a bigger stack than the caller."""
    results: list[Sequence[pb.RawStmt] | Refused] = []
    thread = threading.Thread(target=lambda: results.append(_parse(sql)), name="sql parser")
    # Other threads that are started meanwhile would get the size as well.
    with _stack_size:
        before = threading.stack_size(_STACK)
        try:
            thread.start()
        except RuntimeError:
            return TOO_DEEP
        finally:
            threading.stack_size(before)
    thread.join()
    return results[0] if results else TOO_DEEP


def _parse(sql: str) -> Sequence[pb.RawStmt] | Refused:
    if "\0" in sql:
        # It would end the parser's text; no server takes it.
        return Refused(sql.index("\0"), "a NUL character, which PostgreSQL does not take")
    try:
        with _depth_limit_lifted():
            return tuple(parse(sql).stmts)
    except PgQueryError as error:
        # Measured: it counts characters (from 1; 0 is unknown), while locations in trees count bytes.
        message = error.message
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[:_LONGEST_MESSAGE]} ..."
        return Refused(min(max(error.cursorpos - 1, 0), len(sql)), message)
    except (DecodeError, RecursionError, ctypes.ArgumentError):
        return TOO_DEEP
    except UnicodeError:
        return Refused(0, "text that is no UTF-8")


@contextmanager
def _depth_limit_lifted() -> Iterator[None]:
    """Let protobuf read more than 100 levels: `SELECT 1+1+...` of 60 parts has more.

    The switch is one for the whole process, so it is turned only while a tree is read.
    """
    switch = _depth_switch()
    if switch is None:
        yield
        return
    with _depth_limit:
        switch(True)
        try:
            yield
        finally:
            switch(False)


@functools.cache
def _depth_switch() -> Callable[[bool], object] | None:
    """Return the undocumented switch of protobuf's implementation in C; None for another implementation.

    Without it a statement of more than 100 levels is too deep, and nothing else changes.
    """
    try:
        switch: Callable[[bool], object] = importlib.import_module(
            "google._upb._message"
        ).SetAllowOversizeProtos
    except (ImportError, AttributeError):
        return None
    return switch
