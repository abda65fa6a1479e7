"""A limit of role, database or server that cuts off dbmate's session."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SessionLimit:
    """A timeout as the server writes it.

    `set_for` is what ALTER names, empty for the server's own settings; `own` is this account here, as ALTER
    names it.
    """

    name: str
    value: str
    seconds: float
    set_for: str
    own: str

    @property
    def label(self) -> str:
        """``transaction_timeout = 1s (set for role "app")``."""
        return f"{self.name} = {self.value} (set for {self.set_for or 'the server'})"

    @property
    def remedy(self) -> str:
        """The command that lifts it for this account here, which it may give itself; or where it is set."""
        lifted = f"alter {self.own} set {self.name} = 0"
        if self.set_for in ("", self.own):
            return lifted
        return f"{lifted}; or alter {self.set_for} reset {self.name}"
