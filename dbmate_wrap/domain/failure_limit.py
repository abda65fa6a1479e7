"""How many targets of a fleet may fail before a run begins no further one."""

import re
from dataclasses import dataclass

FORMS = "a limit is a number of databases, 5, or a share of them, 10%"
_COUNT = re.compile(r"[0-9]{1,9}")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) *%")


@dataclass(frozen=True)
class FailureLimit:
    """At most `count` targets, or at most `percent` of them; one of the two is None."""

    count: int | None
    percent: float | None

    def __str__(self) -> str:
        return f"{self.count}" if self.percent is None else f"{self.percent:g}%"

    def allows(self, failed: int, of: int) -> bool:
        """Return True while not more than the limit have failed, `of` being all targets of the run."""
        if self.percent is not None:
            return failed * 100 <= self.percent * of
        return self.count is None or failed <= self.count


def parse_failure_limit(written: object) -> FailureLimit:
    """Parse ``5`` or ``10%``. Raises ValueError that lists the valid forms."""
    text = str(written).strip() if isinstance(written, str | int) and not isinstance(written, bool) else ""
    if _COUNT.fullmatch(text):
        return FailureLimit(int(text), None)
    share = _SHARE.fullmatch(text)
    if share is None or float(share[1]) > 100:
        raise ValueError(f"is not a limit; {FORMS}")
    return FailureLimit(None, float(share[1]))
