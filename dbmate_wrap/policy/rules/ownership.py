"""Rule ownership: owners, privileges and roles belong to an environment, not to the schema."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement

_HINT = "roles differ between environments: manage owners and privileges outside of migrations"
_SETTERS = {"role": "SET ROLE", "session_authorization": "SET SESSION AUTHORIZATION"}
_SETS = frozenset({pb.VAR_SET_VALUE, pb.VAR_SET_CURRENT})
_ROLES_WITHOUT_NAME = {
    pb.ROLESPEC_CURRENT_ROLE: "CURRENT_ROLE",
    pb.ROLESPEC_CURRENT_USER: "CURRENT_USER",
    pb.ROLESPEC_SESSION_USER: "SESSION_USER",
    pb.ROLESPEC_PUBLIC: "PUBLIC",
}
_KINDS_OF_ROLE = {pb.ROLESTMT_ROLE: "ROLE", pb.ROLESTMT_USER: "USER", pb.ROLESTMT_GROUP: "GROUP"}


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement that gives objects or privileges to roles, or changes roles; in DO too."""
    for statement in statements:
        for part in nested_statements(statement):
            describe = _OF_STATEMENTS.get(type(part.tree))
            found = describe(part.tree) if describe is not None else None
            if found is not None:
                yield Hit("ownership", part.offset, f"changes owners, privileges or roles: {found}", _HINT)


def _altered_table(tree: Message) -> str | None:
    commands = (node.alter_table_cmd for node in tree.cmds)
    owners = [command.newowner for command in commands if command.subtype == pb.AT_ChangeOwner]
    return f"OWNER TO {_role(owners[0])}" if owners else None


def _schema(tree: Message) -> str | None:
    if tree.HasField("authrole"):
        return f"CREATE SCHEMA AUTHORIZATION {_role(tree.authrole)}"
    grants = (element.grant_stmt for element in tree.schema_elts if element.HasField("grant_stmt"))
    return next((_grant(grant) for grant in grants), None)


def _grant(tree: Message) -> str:
    verb, to = ("GRANT", "TO") if tree.is_grant else ("REVOKE", "FROM")
    return f"{verb} ... {to} {_roles(tree.grantees)}"


def _granted_role(tree: Message) -> str:
    verb, to = ("GRANT", "TO") if tree.is_grant else ("REVOKE", "FROM")
    granted = ", ".join(str(node.access_priv.priv_name) for node in tree.granted_roles)
    return f"{verb} {granted} {to} {_roles(tree.grantee_roles)}"


def _altered_role(tree: Message) -> str | None:
    # ALTER ROLE ... SET search_path has a rule of its own.
    return None if tree.setstmt.name == "search_path" else f"ALTER ROLE {_role(tree.role)}"


def _renamed(tree: Message) -> str | None:
    return f"ALTER ROLE {tree.subname} RENAME" if tree.rename_type == pb.OBJECT_ROLE else None


def _set(tree: Message) -> str | None:
    return _SETTERS.get(tree.name) if tree.kind in _SETS else None


def _roles(nodes: Sequence[Message]) -> str:
    return ", ".join(_role(node.role_spec) for node in nodes)


def _role(role: Message) -> str:
    return _ROLES_WITHOUT_NAME.get(role.roletype, str(role.rolename))


_OF_STATEMENTS: Mapping[type[Message], Callable[[Message], str | None]] = {
    pb.AlterDefaultPrivilegesStmt: lambda tree: f"ALTER DEFAULT PRIVILEGES {_grant(tree.action)}",
    pb.AlterOwnerStmt: lambda tree: f"OWNER TO {_role(tree.newowner)}",
    pb.AlterRoleSetStmt: _altered_role,
    pb.AlterRoleStmt: lambda tree: f"ALTER ROLE {_role(tree.role)}",
    pb.AlterTableStmt: _altered_table,
    pb.CreateRoleStmt: lambda tree: f"CREATE {_KINDS_OF_ROLE.get(tree.stmt_type, 'ROLE')} {tree.role}",
    pb.CreateSchemaStmt: _schema,
    pb.DropOwnedStmt: lambda tree: f"DROP OWNED BY {_roles(tree.roles)}",
    pb.DropRoleStmt: lambda tree: f"DROP ROLE {_roles(tree.roles)}",
    pb.GrantRoleStmt: _granted_role,
    pb.GrantStmt: _grant,
    pb.ReassignOwnedStmt: lambda tree: f"REASSIGN OWNED BY {_roles(tree.roles)}",
    pb.RenameStmt: _renamed,
    pb.VariableSetStmt: _set,
}
