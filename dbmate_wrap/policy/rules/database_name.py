"""Rule database-name: a database has another name in each environment."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.nested import nested_statements
from dbmate_wrap.sql.nodes import Message, pb
from dbmate_wrap.sql.parse import Statement

_HINT = (
    "let it ask for its own:"
    " do $$ begin execute format('alter database %I set ...', current_database()); end $$"
)
_VARIABLE = "_"  # A part of a command in EXECUTE that is not constant.


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit per statement that says something about a database by its name; in DO too."""
    for statement in statements:
        if "database" in statement.text.lower():
            for part in nested_statements(statement):
                if names := [name for name in _names(part.tree) if name != _VARIABLE]:
                    message = f"names the database {', '.join(names)}, which is called otherwise elsewhere"
                    yield Hit("database-name", part.offset, message, _HINT)


def _names(tree: Message) -> list[str]:
    match tree:
        case pb.AlterDatabaseStmt() | pb.AlterDatabaseSetStmt() | pb.AlterDatabaseRefreshCollStmt():
            return [str(tree.dbname)]
        case pb.AlterRoleSetStmt():
            return [str(tree.database)] if tree.database else []
        case pb.RenameStmt() if tree.rename_type == pb.OBJECT_DATABASE:
            return [str(tree.subname)]
        case pb.CommentStmt() | pb.SecLabelStmt() if tree.objtype == pb.OBJECT_DATABASE:
            return [str(tree.object.string.sval)]
        case pb.AlterOwnerStmt() if tree.object_type == pb.OBJECT_DATABASE:
            return [str(tree.object.string.sval)]
        case pb.GrantStmt() if tree.objtype == pb.OBJECT_DATABASE:
            return [str(node.string.sval) for node in tree.objects]
        case _:
            return []
