"""Every setting is decided about: what the branch of a pull request may say of it."""

import re
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.settings.model import NAMES
from dbmate_wrap.settings.untrusted_checkout import links_on
from dbmate_wrap.settings.untrusted_settings import IN_REPOSITORY, ON_USE
from tests.support.settings_files import empty_project, staging

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "dbmate_wrap"
# They start nothing, open nothing and connect to nothing. A new setting belongs here only if that is true.
FREE = {
    *("concurrent_lock_timeout", "disposable", "drift_ignore", "role"),
    *("plan_fail_on", "plan_size_limit"),
    *(
        "migrations_table",
        "protected",
        "dump_schema",
        "create_database",
        "require_tls",
        "ledger",
        "numbering",
    ),
    *("lock_timeout", "lock_retries", "statement_timeout", "connect_timeout", "advisory_lock_wait", "shadow"),
}


def test_every_setting_is_free_or_refused_or_kept_in_the_repository() -> None:
    assert {*ON_USE, *IN_REPOSITORY, *FREE} == set(NAMES)
    assert not (ON_USE | IN_REPOSITORY) & FREE
    assert not [name for name in FREE if re.search(r"(path|file|dir|url|command|setup)$", name)]


def test_the_page_has_a_row_for_every_setting_that_is_not_free() -> None:
    page = (ROOT / "docs" / "untrusted-branches.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert named >= ON_USE | IN_REPOSITORY


def test_whoever_uses_such_a_setting_asks_whether_it_is_the_branchs() -> None:
    reads = re.compile(rf"values\.({'|'.join(sorted(ON_USE - {'shadow_superuser'}))})\b")
    found = {
        (path.relative_to(PACKAGE).as_posix(), key)
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "settings")
        for key in reads.findall(path.read_text(encoding="utf-8"))
    }
    assert found
    for path, key in found:
        assert f'refuse_of_branch("{key}")' in (PACKAGE / path).read_text(encoding="utf-8"), path


def test_outside_of_a_pull_request_nothing_is_asked_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A unit test that starts a process fails.
    project = empty_project(tmp_path, monkeypatch)
    environment = staging(project, url_command="x", migrations_dir="/somewhere")
    assert environment.may_use("url_command")
    assert settings.load().environment().url_sources.untrusted is None


def test_the_links_of_a_path_are_found_in_every_part_and_behind_each_other(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "b" / "d").mkdir(parents=True)
    (root / "a").symlink_to("b")
    (root / "b" / "c").symlink_to("../b/e")
    (root / "b" / "e").symlink_to(root / "b" / "d")
    (root / "loop").symlink_to("loop")
    assert links_on(root / "a" / "c" / "x") == [root / "a", root / "b" / "c", root / "b" / "e"]
    assert links_on(root / "b" / "d" / ".." / "d") == []
    assert set(links_on(root / "loop")) == {root / "loop"}
