"""Where a value came from, in words that tell a person where to change it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """`for_one` says that the place belongs to a single environment, not to all of them."""

    text: str
    for_one: bool = False

    def __str__(self) -> str:
        return self.text


DEFAULT = Source("default")


def variable(name: str) -> Source:
    """A variable of the process environment."""
    return Source(f"{name} in the process environment")
