"""The circumstances in which the tests of rules read a block of SQL."""

from dbmate_wrap.policy.hit import BlockContext

# A migrate:up in a transaction, in a project whose history table is the usual one.
TRANSACTION = BlockContext(True, (None, "schema_migrations"))
