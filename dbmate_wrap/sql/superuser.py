"""Statements of migrations that only a superuser may run, and what a replay runs instead."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.replay_server import ReplayServer
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement, read_sql

# Their functions run programs, or read and write files, as the account of the server.
_REACHES_OUT = re.compile(r"plpython|plperlu|pltclu|\Aplsh\Z|\Afile_fdw\Z|\Aadminpack\Z", re.IGNORECASE)
# Their functions connect to other servers: harmless where there is no network.
_CONNECTS = frozenset({"dblink", "postgres_fdw", "http", "pg_net"})
_MENTIONS = re.compile(r"extension|event\s+trigger|publication|subscription", re.IGNORECASE)
_MENTIONS_ROLES = re.compile(r"\b(?:role|user|group|grant|revoke)\b", re.IGNORECASE)
# Before 16 who may make roles may make himself a member of these.
_POWERFUL = re.compile(r"pg_execute_server_program|pg_\w+_server_files|\bpostgres\b", re.IGNORECASE)
_POWERFUL_OPTIONS = re.compile(r"\b(?:superuser|createrole)\b", re.IGNORECASE)
_ROLES = (pb.CreateRoleStmt, pb.AlterRoleStmt, pb.DropRoleStmt, pb.GrantRoleStmt, pb.AlterRoleSetStmt)
_OURS = frozenset({pb.OBJECT_EXTENSION, pb.OBJECT_EVENT_TRIGGER, pb.OBJECT_PUBLICATION})
# What would connect to the publisher, or need a connection that was made.
_CONNECTING = frozenset({"connect", "create_slot", "copy_data", "enabled", "failover", "two_phase"})


@dataclass(frozen=True)
class SuperuserStatement:
    """A statement at characters `start` to `end` of a text, and `runs`, what a superuser runs for it.

    `note` says what is different from the statement; None where nothing is.
    """

    start: int
    end: int
    runs: str
    note: str | None = None

    @property
    def id(self) -> str:
        """Identifies what is run."""
        return sha256(self.runs.encode()).hexdigest()[:24]

    def call(self, text: str) -> str:
        """Return what takes its place in `text`, over as many lines."""
        lines = text.count("\n", self.start, self.end)
        return f"select dbmate_wrap.run_replay_statement('{self.id}')" + "\n" * lines


def mentions_superuser(text: str, *, own_roles: bool) -> bool:
    """Return True where the text may have such a statement; quick. `own_roles` is that of ReplayServer."""
    return bool(_MENTIONS.search(text) or (not own_roles and _MENTIONS_ROLES.search(text)))


def superuser_statements(text: str, server: ReplayServer) -> tuple[SuperuserStatement, ...]:
    """Return the statements of `text` that a replay hands to a superuser, in their order.

    What could reach out of the server is not among them: it is left to the replay's own role, which the
    server refuses.
    """
    if not mentions_superuser(text, own_roles=server.own_roles):
        return ()
    return tuple(
        SuperuserStatement(statement.offset, statement.offset + len(statement.text), *found)
        for statement in read_sql(text).statements
        for found in _replacement(statement, server)
    )


def replace_statements(text: str, found: Collection[SuperuserStatement]) -> str:
    """Return `text` with the calls in the places of the statements."""
    for each in sorted(found, key=lambda each: -each.start):
        text = text[: each.start] + each.call(text) + text[each.end :]
    return text


def _replacement(statement: Statement, server: ReplayServer) -> Iterator[tuple[str] | tuple[str, str]]:
    tree, text = statement.tree, statement.text
    match tree:
        case pb.CreateExtensionStmt():
            if tree.extname in server.untrusted and not _reaches_out(tree.extname, server):
                # Its foreign data wrapper belongs to who created it.
                usable = "; grant usage on foreign data wrapper postgres_fdw to public"
                yield (text + (usable if tree.extname == "postgres_fdw" else ""),)
        case pb.CreateSubscriptionStmt():
            yield _unconnected(tree), "the subscription is made with connect = false: it connects to nobody"
        case pb.DropSubscriptionStmt():
            yield _dropped(tree, text), "the subscription is dropped without its replication slot"
        case pb.AlterSubscriptionStmt():
            yield from _altered(tree, text)
        case pb.CreateRoleStmt() if not server.own_roles and not _is_powerful(statement):
            # A superuser is a member of every role, and may give objects to it.
            yield (f"{text}; grant {quoted(tree.role)} to dbmate_wrap_replay",)
        case _ if isinstance(tree, _ROLES):
            if not server.own_roles and not _is_powerful(statement):
                yield (text,)
        case _ if _needs_superuser(tree, server):
            yield (text,)


def _is_powerful(statement: Statement) -> bool:
    # A name may be written with escapes (U&"..."), which the tree has resolved; an option may not.
    names = _POWERFUL.search(str(statement.tree)) or _POWERFUL.search(statement.text)
    return bool(names or _POWERFUL_OPTIONS.search(statement.text))


def _reaches_out(extension: str, server: ReplayServer) -> bool:
    return bool(_REACHES_OUT.search(extension)) or (server.has_network and extension in _CONNECTS)


def _needs_superuser(tree: Message, server: ReplayServer) -> object:
    match tree:
        case pb.AlterExtensionStmt() | pb.CreatePublicationStmt() | pb.AlterPublicationStmt():
            return True
        case pb.CreateEventTrigStmt():
            # At a login it would fire for the superuser who prepares the database.
            return server.event_triggers and tree.eventname != "login"
        case pb.AlterEventTrigStmt():
            # ALWAYS and REPLICA would fire it for a superuser as well.
            return tree.tgenabled in ("O", "D")
        case pb.AlterObjectSchemaStmt():
            return tree.object_type == pb.OBJECT_EXTENSION
        case pb.CommentStmt():
            return tree.objtype in _OURS
        case pb.DropStmt():
            return tree.remove_type in _OURS
        case pb.RenameStmt():
            return tree.rename_type in _OURS
        case _:
            return False


def _unconnected(tree: pb.CreateSubscriptionStmt) -> str:
    publications = ", ".join(quoted(node.string.sval) for node in tree.publication)
    kept = [option for option in tree.options if option.def_elem.defname not in _CONNECTING]
    options = ", ".join(["connect = false", *map(_option, kept)])
    return (
        f"create subscription {quoted(tree.subname)} connection {_literal(tree.conninfo)}"
        f" publication {publications} with ({options})"
    )


def _dropped(tree: pb.DropSubscriptionStmt, text: str) -> str:
    name = quoted(tree.subname)
    return (
        "do $subscription$ begin"
        f" if exists (select from pg_catalog.pg_subscription where subname = {_literal(tree.subname)}) then"
        f" alter subscription {name} disable; alter subscription {name} set (slot_name = none);"
        f" end if; end $subscription$; {text}"
    )


def _altered(tree: pb.AlterSubscriptionStmt, text: str) -> Iterator[tuple[str] | tuple[str, str]]:
    kind = pb.AlterSubscriptionType.Name(tree.kind)
    options = {option.def_elem.defname for option in tree.options}
    if kind.endswith(("_REFRESH", "_ENABLED", "REFRESH_PUBLICATION")) or options & {"failover", "two_phase"}:
        yield "select", "this change of a subscription is left out: it connects to the publisher"
    elif kind.endswith("_PUBLICATION"):
        verb = {"SET": "set", "ADD": "add", "DROP": "drop"}[kind.split("_")[-2]]
        publications = ", ".join(quoted(node.string.sval) for node in tree.publication)
        name = quoted(tree.subname)
        yield (
            f"alter subscription {name} {verb} publication {publications} with (refresh = false)",
            "the publications of the subscription are changed without a refresh, which would connect",
        )
    else:
        yield (text,)


def _option(node: pb.Node) -> str:
    option = node.def_elem
    if not option.HasField("arg"):
        return str(option.defname)
    value = option.arg
    kind = value.WhichOneof("node")
    if kind == "boolean":
        return f"{option.defname} = {'true' if value.boolean.boolval else 'false'}"
    if kind == "type_name":
        return f"{option.defname} = {quoted(value.type_name.names[-1].string.sval)}"
    return f"{option.defname} = {_literal(value.string.sval)}"


def _literal(text: str) -> str:
    return "e'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
