"""A breach of a rule at a place in one block, before it is a finding in a file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """One breach of `rule`; `offset` counts characters from the beginning of the block's text.

    `unchecked` marks what is too deep or too long for the parser, which is no breach.
    """

    rule: str
    offset: int
    message: str
    hint: str
    unchecked: bool = False


@dataclass(frozen=True)
class BlockContext:
    """The facts about a block that rules need; `transactional`: dbmate wraps it in a transaction.

    `down`: it is a migrate:down. `history_table` is the schema (None where the settings name none) and the
    table of dbmate's history.
    """

    transactional: bool
    history_table: tuple[str | None, str]
    down: bool = False
