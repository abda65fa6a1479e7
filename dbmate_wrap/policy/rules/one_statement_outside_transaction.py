"""Rule one-statement-outside-transaction: what is sent at once runs in one transaction after all."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.policy.hit import BlockContext, Hit
from dbmate_wrap.sql.parse import Statement

_HINT = "one statement per block: put each of the others in a migration of its own"


def find(statements: Sequence[Statement], context: BlockContext) -> Iterator[Hit]:
    """One hit, at the second statement of a block outside a transaction."""
    if not context.transactional and len(statements) > 1:
        message = f"{len(statements)} statements outside a transaction run as one transaction after all"
        yield Hit("one-statement-outside-transaction", statements[1].offset, message, _HINT)
