"""The servers of one replay: that of the check, and a second one beside it for many round trips."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dbmate_wrap.errors import ConfigError, UnreachableError
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.halves import Half, ReplayPlans, is_worth_halving, run_halves
from dbmate_wrap.shadow.replay import ReplayResult
from dbmate_wrap.shadow.scratch import ReplayTools
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace.shadow_server import ShadowChoice


@dataclass(frozen=True)
class ReplayServers:
    """The server of the check, and the one that does the first half; None where one does it all."""

    pool: ScratchPool
    second: ScratchPool | None

    def log_files(self) -> list[Path | None]:
        """Return the log of each; None for a server that is not ours."""
        return [pool.log_file() for pool in (self.pool, self.second) if pool is not None]

    def run(self, tools: ReplayTools, plans: ReplayPlans) -> ReplayResult:
        """Run the plans; `tools` are those of the check's server. Raises what `run_replay` raises."""
        if self.second is None or plans.first is None:
            return shadow_replay.run_replay(tools, plans.last)
        self.second.statements = self.pool.statements
        return run_halves(Half(replace(tools, pool=self.second), plans.first), Half(tools, plans.last))


@contextmanager
def open_second(choice: ShadowChoice, pool: ScratchPool, due: Sequence[int]) -> Iterator[ReplayServers]:
    """Open a second server where two are sooner done with the round trips `due`."""
    with ExitStack() as stack:
        second = None
        if choice.open_second is not None and is_worth_halving(due):
            # There may be no room for it: nothing is lost but time.
            with suppress(ConfigError, UnreachableError):
                second = stack.enter_context(choice.open_second())
                second.make_placeholders(pool.placeholders)
        yield ReplayServers(pool, second)
