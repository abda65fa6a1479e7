"""Parses SQL with PostgreSQL's grammar, whatever the text holds: a result or the parser's complaint."""

import contextlib
import ctypes
import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from postgast import PgQueryError, parse
from postgast import pg_query_pb2 as pb

# libpg_query hands its tree over by recursion: 'a'||'b'||... of some 20,000 parts ends the whole process with
# a segmentation fault (8 MiB of stack). A part is two characters at least.
SAFE_LENGTH = 20_000
# The parser quotes what it stumbled over, were it a string of megabytes.
_LONGEST_MESSAGE = 200


def _lift_depth_limit() -> None:
    """Let protobuf read more than 100 levels: `SELECT 1+1+...` of 60 parts has more.

    protobuf has no documented switch for it in this implementation (upb); without it such a statement is
    too deep, and nothing else changes.
    """
    with contextlib.suppress(ImportError, AttributeError):
        importlib.import_module("google._upb._message").SetAllowOversizeProtos(True)


_lift_depth_limit()


@dataclass(frozen=True)
class Refused:
    """Why a text has no tree; `position` counts characters from its beginning."""

    position: int
    message: str
    too_deep: bool = False


TOO_DEEP = Refused(0, "nested too deeply for the parser", too_deep=True)


def parsed(sql: str) -> Sequence[pb.RawStmt] | Refused:
    """The raw statements of `sql`, which must be short or known to be harmless (canary); never raises."""
    if "\0" in sql:
        # It would end the parser's text; no server takes it.
        return Refused(sql.index("\0"), "a NUL character, which PostgreSQL does not take")
    try:
        return tuple(parse(sql).stmts)
    except PgQueryError as error:
        # Measured: it counts characters (from 1; 0 is unknown), while locations in trees count bytes.
        return Refused(min(max(error.cursorpos - 1, 0), len(sql)), _short(error.message))
    except (DecodeError, RecursionError, ctypes.ArgumentError):
        return TOO_DEEP
    except UnicodeError:
        return Refused(0, "text that is no UTF-8")


def _short(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]} ..."
