"""The activity on the server while dbmate runs, and its text for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dbmate_wrap.domain.escape import drop_unprintable
from dbmate_wrap.domain.progress_bar import bar, percent_of

# Of many blockers those are shown whose transactions are the oldest, and always some root of it all.
_SHOWN_BLOCKERS = 4
_SHOWN_BEHIND = 2


@dataclass(frozen=True)
class Blocker:
    """A session that another one waits for; a field that the account may not see is None.

    `pid` is 0 for a prepared transaction. `transaction_age` is in seconds. `mode` is the lock that it has on
    `relation` (or on `lock`, the name of what is no relation), where it `holds` it; else it waits for it
    ahead of us. `wanted_mode` is what the session that waits for it wants there. `direct` is False for one
    that only blocks another blocker; `waits_for` are the pids that block it in turn. `query` is masked.
    """

    pid: int
    application: str | None
    user: str | None
    state: str | None
    transaction_age: float | None
    relation: str | None
    lock: str | None
    mode: str | None
    holds: bool
    wanted_mode: str | None
    query: str | None
    direct: bool = True
    waits_for: tuple[int, ...] = ()


@dataclass(frozen=True)
class Progress:
    """The progress of an index build in its current phase; `relation` is the table."""

    command: str
    phase: str
    done: int | None
    total: int | None
    unit: Literal["blocks", "tuples", "sessions"]
    relation: str | None

    @property
    def percent(self) -> int | None:
        """0 to 100; None where the server gives no total."""
        if self.done is None or not self.total:
            return None
        return percent_of(self.done, self.total)


@dataclass(frozen=True)
class Activity:
    """dbmate's server process (None: it has none) and what it is doing; durations in seconds.

    `running_for` is None between two statements, `blocked_for` while it is not known to wait.
    """

    pid: int | None = None
    running_for: float | None = None
    blocked_for: float | None = None
    blockers: tuple[Blocker, ...] = ()
    progress: Progress | None = None


def format_duration(seconds: float, *, exact: bool = False) -> str:
    """`20 s`, `12 min`, `3 h`, `2 days`; exactly: `12 min 20 s`, `3 h 12 min`."""
    rest = max(int(seconds), 0)
    minutes, hours = rest // 60, rest // 3600
    if rest < (60 if exact else 120):
        return f"{rest} s"
    if exact:
        return f"{minutes} min {rest % 60} s" if hours < 1 else f"{hours} h {minutes % 60} min"
    if minutes < 120:
        return f"{minutes} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def format_elapsed(seconds: float) -> str:
    """`35 ms`, `3.2 s`, `12 s`, `12 min 20 s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < 10 else format_duration(seconds, exact=True)


def format_blocker(blocker: Blocker) -> str:
    """Describe the session, its lock and its query, for a line that begins with `blocked by`."""
    session = f"pid {blocker.pid}" if blocker.pid else "a prepared transaction"
    user = f"user {blocker.user}" if blocker.user else None
    details = ", ".join(filter(None, (blocker.application, user, _format_state(blocker))))
    query = f": {blocker.query}" if blocker.query else ""
    return drop_unprintable(f"{session}{f' ({details})' if details else ''}{_format_lock(blocker)}") + query


def blocked_lines(blockers: Sequence[Blocker], blocked_for: float) -> list[str]:
    """A line for each of those that block us, and for those that they wait for; of a crowd, the first."""
    ours = [blocker for blocker in blockers if blocker.direct]
    behind = [blocker for blocker in blockers if not blocker.direct]
    since = f" for {format_duration(blocked_for)}" if blocked_for >= 1 else ""
    lines = [f"  and by {format_blocker(blocker)}" for blocker in ours[:_SHOWN_BLOCKERS]]
    lines[:1] = [f"blocked{since} by {format_blocker(blocker)}" for blocker in ours[:1]]
    if len(ours) > _SHOWN_BLOCKERS:
        lines.append(f"  and by {len(ours) - _SHOWN_BLOCKERS} more")
    return lines + [_format_behind(blocker, blockers) for blocker in behind[:_SHOWN_BEHIND]]


def _format_behind(root: Blocker, blockers: Sequence[Blocker]) -> str:
    waiting = [str(blocker.pid) for blocker in blockers if root.pid in blocker.waits_for]
    waiting[_SHOWN_BLOCKERS:] = ["..."] if len(waiting) > _SHOWN_BLOCKERS else []
    verb = "is" if len(waiting) == 1 else "are"
    return f"  behind that, pid {', '.join(waiting)} {verb} blocked by {format_blocker(root)}"


def progress_line(progress: Progress, running_for: float | None, *, with_bar: bool = False) -> str:
    """`create index on public.orders (building index: scanning table): 45 %, 9 of 20 blocks, 12 s`.

    With a bar that and the percentage come first.
    """
    where = f" on {progress.relation}" if progress.relation else ""
    parts = [f"{progress.done} of {progress.total} {progress.unit}"] if progress.total else []
    drawn = ""
    if progress.percent is not None and with_bar:
        drawn = f"{bar(progress.percent)}  "
    elif progress.percent is not None:
        parts.insert(0, f"{progress.percent} %")
    if running_for is not None:
        parts.append(format_duration(running_for, exact=True))
    line = f"{drawn}{progress.command.lower()}{where} ({progress.phase})"
    return drop_unprintable(f"{line}: {', '.join(parts)}" if parts else line)


def _format_state(blocker: Blocker) -> str | None:
    if blocker.transaction_age is None:
        return blocker.state
    # The state `idle in transaction` needs no addition.
    state = "active, in a transaction" if blocker.state == "active" else blocker.state or "in a transaction"
    return f"{state} for {format_duration(blocker.transaction_age)}"


def _format_lock(blocker: Blocker) -> str:
    place, end = blocker.relation or blocker.lock, ", whose transaction has to end first"
    if place is None or blocker.mode is None:
        return end
    if blocker.wanted_mode:
        end = f" ({blocker.wanted_mode} is wanted)"
    verb = "holding" if blocker.holds else "waiting, ahead in the queue, for"
    return f" {verb} {blocker.mode} on {place}{end}"
