"""Compares the stamp in a database with the environment and with the database itself."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from dbmate_wrap.errors import RefusedError


@dataclass(frozen=True)
class Identity:
    """The identity of a database: no two live ones have both numbers in common, unless storage was cloned.

    `system_identifier` is None where the role may not read it. A database keeps its oid until it is dropped.
    """

    system_identifier: str | None
    database_oid: int


@dataclass(frozen=True)
class Stamp:
    """The environment's name as it was written into a database, and that database's identity then."""

    environment: str
    identity: Identity
    stamped_at: str
    stamped_by: str


@dataclass(frozen=True)
class Missing:
    """The database has no stamp yet."""


@dataclass(frozen=True)
class Same:
    """The stamp is of this environment and of this database."""


@dataclass(frozen=True)
class OtherEnvironment:
    """This very database belongs to another environment."""

    stamp: Stamp


@dataclass(frozen=True)
class Copy:
    """The stamp came here with the contents of another database; `renewable` without being asked."""

    stamp: Stamp
    renewable: bool


StampVerdict: TypeAlias = Missing | Same | OtherEnvironment | Copy


def compare_stamp(
    stamp: Stamp | None, environment: str, identity: Identity, *, protected: bool
) -> StampVerdict:
    """Return the verdict on a run of `environment` here; its cases: tests/unit/domain/test_stamp.py.

    Production restored into staging is an everyday matter, so a copy may be stamped again; but a protected
    environment never takes a copy for itself, because a wrong URL may have led there.
    """
    if stamp is None:
        return Missing()
    if _differs(stamp.identity, identity):
        return Copy(stamp, renewable=not protected)
    return Same() if stamp.environment == environment else OtherEnvironment(stamp)


def to_be_written(verdict: StampVerdict) -> bool:
    """Return True where a run that changes the database writes its stamp first."""
    return isinstance(verdict, Missing) or (isinstance(verdict, Copy) and verdict.renewable)


def refusal(verdict: StampVerdict, environment: str) -> RefusedError | None:
    """The error (20) for a database that `environment` must not touch, with how to stamp on purpose."""
    on_purpose = f"if it is the one that is meant: dbmate-wrap stamp -e {environment}"
    match verdict:
        case OtherEnvironment(stamp):
            return RefusedError(
                f"this database is stamped as {stamp.environment}{_by(stamp)}, not as {environment}",
                hint=f"check the URL: dbmate-wrap doctor -e {environment}; {on_purpose}",
            )
        case Copy(stamp, renewable=False):
            return RefusedError(
                f"this database is not the one that was stamped as {stamp.environment}{_by(stamp)}: it is a"
                f" restored copy, or its server was upgraded; {environment} is protected",
                hint=f"check the URL: dbmate-wrap doctor -e {environment}; {on_purpose}",
            )
        case Missing() | Same() | Copy():
            return None
        case _:
            assert_never(verdict)


def refusal_for_dbmate(
    verdict: StampVerdict, environment: str, protected: Collection[str]
) -> RefusedError | None:
    """The error (20) where dbmate alone would write; `protected` are the names of such environments.

    dbmate renews no stamp, so what may be production under a new identity is not touched under another name.
    """
    if isinstance(verdict, Copy):
        stamp = verdict.stamp
        if stamp.environment != environment and stamp.environment in protected:
            return RefusedError(
                f"this database bears the stamp of {stamp.environment}{_by(stamp)}, which is protected",
                hint=f"check the URL: dbmate-wrap doctor -e {environment};"
                f" if it is a copy: dbmate-wrap stamp -e {environment}",
            )
    return refusal(verdict, environment)


def notice_after(verdict: StampVerdict, environment: str) -> str | None:
    """The notice about a copy that was stamped again; None for every other verdict."""
    if not isinstance(verdict, Copy) or not verdict.renewable:
        return None
    origin = verdict.stamp.environment
    return f"this database is a copy of one stamped as {origin}; it is stamped as {environment} now"


def warning_before(verdict: StampVerdict, environment: str) -> str | None:
    """The warning of a command that only reads about a stamp that is not this environment's."""
    if error := refusal(verdict, environment):
        return f"{error.message}; `up` refuses it"
    if not isinstance(verdict, Copy):
        return None
    origin = verdict.stamp.environment
    return f"this database is a copy of one stamped as {origin}; `up` stamps it as {environment}"


def _differs(stamped: Identity, here: Identity) -> bool:
    # An identifier that could not be read proves nothing, and where nothing is proven the stamp holds.
    if stamped.database_oid != here.database_oid:
        return True
    identifiers = {stamped.system_identifier, here.system_identifier} - {None}
    return len(identifiers) > 1


def _by(stamp: Stamp) -> str:
    return f" (by {stamp.stamped_by}, {stamp.stamped_at})"
