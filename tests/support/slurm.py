"""A Slurm cluster of one node on this machine: controller, node and authentication, each a process of ours.

All they write is in one folder, they listen on 127.0.0.1, and they need root, as Slurm's node does.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import free_port

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scontrol", "scancel")
_PATIENCE = 60.0


def missing() -> str | None:
    """Why no cluster can be started here; None where one can."""
    lacking = [name for name in _PROGRAMS if shutil.which(name, path=_PATH) is None]
    if lacking:
        return f"no {', '.join(lacking)}: packages slurmctld, slurmd, slurm-client and munge"
    return "Slurm's node needs root" if os.geteuid() != 0 else None


class CannotRun(Exception):
    """The daemons of this machine's Slurm do not start here; the message has what they said last."""


@dataclass(frozen=True)
class Slurm:
    """A running cluster; `environment` is what Slurm's commands need to find it."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str, cwd: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """What a command of Slurm says."""
        return subprocess.run(
            command,
            cwd=cwd,
            env={**env, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def run_slurm(cpus: int = 4) -> Iterator[Slurm]:
    """A cluster whose node has so many processors, as it believes; all of it is gone afterwards.

    Raises CannotRun where it does not start.
    """
    # A short path: that of a socket may have 108 signs. Others may enter: munge refuses a private folder.
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-slurm-", dir="/tmp"))
    folder.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []
    try:
        configuration = _configure(folder, cpus)
        slurm = Slurm(folder, {"SLURM_CONF": str(configuration)})
        started.append(_start(folder, "munged", *_munge_options(folder)))
        _wait(slurm, started, lambda: (folder / "munge" / "socket").exists(), "munged")
        started.append(_start(folder, "slurmctld", "-D", "-c", "-f", str(configuration)))
        started.append(_start(folder, "slurmd", "-D", "-f", str(configuration)))
        _wait(slurm, started, lambda: _state(slurm) == "idle", "the node")
        yield slurm
    finally:
        for child in reversed(started):
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
            child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, cpus: int) -> Path:
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(mode=0o755)
    key = folder / "munge" / "key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    host = socket.gethostname().partition(".")[0]
    settings = {
        "ClusterName": "tests",
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": free_port(),
        "SlurmdPort": free_port(),
        "SlurmUser": "root",
        "AuthInfo": f"socket={folder}/munge/socket",
        "StateSaveLocation": folder / "state",
        "SlurmdSpoolDir": folder / "spool",
        "SlurmctldPidFile": folder / "slurmctld.pid",
        "SlurmdPidFile": folder / "slurmd.pid",
        # No cgroups, which a container may not change.
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "MpiDefault": "none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU",
        "SchedulerParameters": "batch_sched_delay=0,sched_min_interval=0",
        # More processors than there are.
        "SlurmdParameters": "config_overrides",
        "KillWait": 60,
    }
    lines = [f"{name}={value}" for name, value in settings.items()]
    lines.append(f"NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN")
    lines.append(f"PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP")
    if _version() >= (23, 11):
        # These look at cgroups also where nothing uses them; earlier ones do not know the word.
        (folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
    path = folder / "slurm.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def _version() -> tuple[int, ...]:
    """Of the node's daemon: 22.05 is (22, 5)."""
    asked = subprocess.run(["slurmd", "-V"], env={"PATH": _PATH}, capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", asked.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _munge_options(folder: Path) -> tuple[str, ...]:
    place = folder / "munge"
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
    return ("--foreground", *(f"--{option}={place / name}" for option, name in files.items()))


def _start(folder: Path, program: str, *options: str) -> "subprocess.Popen[bytes]":
    found = shutil.which(program, path=_PATH)
    assert found is not None
    with (folder / f"{program}.out").open("wb") as log:
        return subprocess.Popen(
            [found, *options],
            cwd=folder,
            env={"PATH": _PATH, "SLURM_CONF": str(folder / "slurm.conf")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _state(slurm: Slurm) -> str:
    said = slurm.run("sinfo", "--noheader", "--format=%T", cwd=slurm.folder, env={"PATH": _PATH})
    return said.stdout.strip()


def _wait(
    slurm: Slurm, started: Sequence["subprocess.Popen[bytes]"], done: Callable[[], bool], what: str
) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if any(child.poll() is not None for child in started) or time.monotonic() > deadline:
            said = [path.read_text(errors="replace").strip() for path in sorted(slurm.folder.glob("*.out"))]
            raise CannotRun(f"{what} of Slurm does not start: {' | '.join(each[-300:] for each in said)}")
        time.sleep(0.05)
