"""The objects of another owner that stand in the way of an account, and the ways out."""

from collections.abc import Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.identifier import quoted

_MOST = 5


@dataclass(frozen=True)
class NotOwned:
    """An object of whose owner the account lacks the rights; `name` is the kind and the name, as in SQL."""

    name: str
    owner: str
    by_superuser: bool

    @property
    def label(self) -> str:
        """``table shop.t (its owner is postgres)``."""
        return f"{self.name} (its owner is {self.owner})"


def ways_out(found: Sequence[NotOwned], account: str) -> str:
    """Return the two ways in which `account` gets what it lacks: the objects, or their owner's rights."""
    change = "; ".join(f"alter {each.name} owner to {quoted(account)}" for each in found[:_MOST])
    # To be a member of a superuser is to be one.
    roles = sorted({each.owner for each in found if not each.by_superuser})
    grant = "; ".join(f"grant {quoted(role)} to {quoted(account)}" for role in roles)
    other = f"let it act for the owner: {grant}" if grant else f"migrate as {found[0].owner}"
    return f"have a superuser run: {change}; or {other}"
