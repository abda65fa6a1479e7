"""What the tests of rules read: the circumstances of a block of SQL, and the examples of pages."""

from dataclasses import replace

from dbmate_wrap.policy.hit import BlockContext
from dbmate_wrap.policy.rule_pages import Example, RulePage

# A migrate:up in a transaction, in a project whose history table is the usual one.
TRANSACTION = BlockContext(True, (None, "schema_migrations"))


def allowed_example(page: RulePage) -> Example:
    """The bad example of a page with the comment that allows it in its place."""
    _, line = page.allow.split("\n", 1)
    text = page.bad.files[page.allow_in]
    assert line in text, f"{page.rule.id}: the line that is allowed is not in the bad example"
    return replace(page.bad, files={**page.bad.files, page.allow_in: text.replace(line, page.allow, 1)})
