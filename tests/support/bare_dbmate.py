"""The pinned dbmate without the wrapper, in a folder with migrations."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import Server

# Most tests do not want a schema file.
NO_DUMP = "--no-dump-schema"


@dataclass(frozen=True)
class Ran:
    """What dbmate did."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The last line of stderr, where dbmate says what went wrong."""
        return self.stderr.strip().splitlines()[-1] if self.stderr.strip() else ""


@dataclass(frozen=True)
class Bench:
    """Runs dbmate in `root` on `root/db/migrations`, with the environment that a test gives and no other."""

    binary: Path
    root: Path

    @property
    def migrations(self) -> Path:
        return self.root / "db" / "migrations"

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write migrations byte for byte."""
        for name, content in files.items():
            (self.migrations / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def environment(self, server: Server, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """PATH with the server's own pg_dump first."""
        return {"PATH": f"{server.bin_dir}:/usr/bin:/bin", "HOME": str(self.root), **(env or {})}

    def start(
        self, server: Server, url: str, *args: str, env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start dbmate and do not wait for it."""
        return subprocess.Popen(
            [self.binary, *args],
            cwd=self.root,
            env=self.environment(server, {"DATABASE_URL": url, **(env or {})}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, server: Server, url: str, *args: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run dbmate to its end; `--no-dump-schema` is up to the test."""
        with self.start(server, url, *args, env=env) as child:
            try:
                stdout, stderr = child.communicate(timeout=60)
            finally:
                child.kill()
        return Ran(child.returncode, stdout, stderr)
