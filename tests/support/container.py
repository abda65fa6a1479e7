"""The image without Docker: its build commands run here, and its command in a file system that is read-only.

What cannot be had so is the base image: the Python of this machine stands for it, and for the rest its /usr.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.distributions import our_files
from tests.support.installed import BIN, find_python
from tests.support.repository import REPOSITORY

DOCKERFILE = REPOSITORY / "Dockerfile"
PLACE = "/opt/dbmate-wrap"
# As OpenShift gives: no account has that number, and the group is root's.
ANY_UID = 1_000_650_000
_OF_THE_SYSTEM = ("bin", "etc", "lib", "lib64", "sbin", "usr")


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with their arguments, comments left out and lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def stages(text: str) -> list[list[tuple[str, str]]]:
    """The instructions of each stage, which begins with its FROM; ARG before the first one left out."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions(text):
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


@dataclass(frozen=True)
class Image:
    """What the image adds to its base: `tree` lies at /opt/dbmate-wrap there."""

    tree: Path
    python_home: Path

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(path.lstat().st_size for path in self.tree.rglob("*") if not path.is_dir())


def build_image(folder: Path) -> Image:
    """Run the first stage of the Dockerfile in a folder, where a copy of the context is its /src."""
    text = DOCKERFILE.read_text("utf-8")
    wanted = re.search(r"python:(\d+\.\d+)", text)
    assert wanted is not None
    source, base = folder / "src", folder / "base"
    source.mkdir(parents=True)
    python = find_python(wanted[1])
    subprocess.run([BIN / "uv", "venv", "--quiet", "--seed", "--python", python, base], check=True)
    env = {**os.environ, "PATH": f"{base / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    env.pop("PYTHONPATH", None)
    for word, rest in stages(text)[0]:
        if word == "ENV":
            env |= dict(each.split("=", 1) for each in shlex.split(rest))
        elif word == "COPY":
            copy_context(rest.split()[:-1], source)
        elif word == "RUN":
            here = rest.replace(PLACE, f"{folder}{PLACE}").replace("/dist", f"{folder}/dist")
            done = subprocess.run(
                ["sh", "-ec", here], cwd=source, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
    home = subprocess.run(
        [base / "bin" / "python", "-c", "import sys; print(sys.base_prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    image = Image(Path(f"{folder}{PLACE}"), Path(home.stdout.strip()))
    # Scripts name the place of their Python: the one that they have in the image.
    for script in (image.tree / "bin").iterdir():
        content = script.read_bytes()
        if not script.is_symlink() and content.startswith(f"#!{folder}".encode()):
            script.write_bytes(content.replace(f"#!{folder}".encode(), b"#!", 1))
    return image


def copy_context(names: Sequence[str], source: Path) -> None:
    """What COPY takes of the repository: its own files, as .dockerignore leaves them."""
    for name in (file for given in names for file in our_files(given)):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, source / name)


def lacks_namespaces() -> str:
    """Why no file system of its own can be had here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else f"mounts nothing here: {tried.stderr.decode().strip()}"


@dataclass(frozen=True)
class Container:
    """A read-only root with the image, a project at /project, and a secret file at /run/secrets/url.

    `tmpfs` is the one folder in which something can be written; empty for nowhere.
    """

    image: Image
    project: Path
    secret: Path
    tmpfs: str = "/tmp"

    def run(self, command: str, root: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        """A line of sh in which `wrap` is the image's command, by an account that nobody knows.

        Its environment has nothing but `variables`.
        """
        root.mkdir(exist_ok=True)
        line = f'wrap() {{ {PLACE}/bin/dbmate-wrap "$@"; }}; cd /project; {command}'
        given = [f"{name}={value}" for name, value in variables.items()]
        user = [f"--userspec={ANY_UID}:0", "--groups="]
        argv = ["chroot", *user, str(root), "/usr/bin/env", "-i", *given, "/bin/sh", "-c", line]
        script = "\n".join([*self._mounts(root), shlex.join(["exec", *argv])])
        return subprocess.run(
            ["unshare", "--mount", "sh", "-euc", script], capture_output=True, text=True, check=False
        )

    def _mounts(self, root: Path) -> list[str]:
        lines = [f"mount -t tmpfs -o mode=755 tmpfs {root}"]
        for name in _OF_THE_SYSTEM:
            path = Path("/", name)
            if path.is_symlink():
                lines.append(f"ln -s {path.readlink()} {root}/{name}")
            elif path.is_dir():
                lines += _bound(path, root, f"/{name}")
        lines += _bound(self.image.tree, root, PLACE)
        if not self.image.python_home.is_relative_to("/usr"):
            lines += _bound(self.image.python_home, root, str(self.image.python_home))
        lines += _bound(self.project, root, "/project")
        lines += [f"mkdir -p {root}/run/secrets", f"install -m 440 -g 0 {self.secret} {root}/run/secrets/url"]
        for name in ("dev", "proc"):
            lines += [f"mkdir {root}/{name}", f"mount --rbind /{name} {root}/{name}"]
        lines.append(f"mount -t tmpfs -o ro tmpfs {root}/dev/shm")
        lines.append(f"mkdir -p {root}/tmp {root}{self.tmpfs}")
        if self.tmpfs:
            lines.append(f"mount -t tmpfs -o mode=1777 tmpfs {root}{self.tmpfs}")
        return [*lines, f"mount -o remount,ro,mode=755 {root}"]


def _bound(path: Path, root: Path, place: str) -> list[str]:
    target = f"{root}{place}"
    return [
        f"mkdir -p {target}",
        f"mount --bind {path} {target}",
        f"mount -o remount,ro,bind {target}",
    ]
