"""The only package that starts child processes, handles signals and reads the inherited environment."""

from dbmate_wrap.process.background import detach, everything_inherited
from dbmate_wrap.process.child import GRACE_SECONDS, Command, Completed, inherited, run, run_interactive
from dbmate_wrap.process.signals import Terminated, signals_held, terminations_as_exceptions

__all__ = [
    "GRACE_SECONDS",
    "Command",
    "Completed",
    "Terminated",
    "detach",
    "everything_inherited",
    "inherited",
    "run",
    "run_interactive",
    "signals_held",
    "terminations_as_exceptions",
]
