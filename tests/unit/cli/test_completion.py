"""What a shell is answered when somebody completes a command line."""

from pathlib import Path

import pytest

from dbmate_wrap.cli import app, completion
from dbmate_wrap.cli.completion_install import SHELLS, install, script, with_shell

SETTINGS = """
[environments.pre-prod]
migrations_dir = "other"
url_command = "false"
[environments."$(touch pwned)"]
[fleets.crm]
environment = "pre-prod"
targets = "crm.csv"
[fleets.shop]
targets_command = "false"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with settings, migrations, and a fleet, as the current folder."""
    (tmp_path / "dbmate-wrap.toml").write_text(SETTINGS)
    (tmp_path / "crm.csv").write_text("name,region\nacme,eu\nglobex,us\n'; rm,eu\n")
    for name in ("db/migrations", "other"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("002_orders.sql", "001_init.sql", "010_\\$(touch pwned).sql", "readme.md", "x.sql"):
        (tmp_path / "db" / "migrations" / name).write_text("")
    (tmp_path / "other" / "20260101120000_first.sql").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def offered(*words: str) -> list[str]:
    """The values after the words, of which the last is not finished, without their descriptions."""
    first, *values = completion.answer(["words", *words]).splitlines()
    assert first == "values"
    return [value.partition("\t")[0] for value in values]


def test_commands_and_options_are_offered() -> None:
    assert offered("sta") == ["status", "stamp"]
    assert offered("db", "st") == ["start", "stop"]
    assert offered("help", "db", "st") == ["start", "stop"]
    assert "--exit-code" in offered("-e", "staging", "status", "--e")


def test_a_value_has_a_description() -> None:
    assert "002\t002_orders.sql\n" in completion.answer(["words", "up", "--to", ""])
    assert "status\tShow every migration with its state.\n" in completion.answer(["words", "statu"])


def test_environments_are_offered_before_and_after_the_command() -> None:
    everything = ["dev", "test", "staging", "production", "pre-prod", "fleet:crm/"]
    assert offered("-e", "") == everything
    assert offered("up", "--env", "") == everything
    assert offered("up", "--env=st") == ["--env=staging"]
    assert offered("init", "--from", "pre") == ["pre-prod"]


def test_versions_are_those_of_the_environments_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered("up", "--to", "") == offered("wait", "--for", "") == ["001", "002"]
    assert offered("history", "--show", "002") == ["002"]
    assert offered("-e", "pre-prod", "up", "--to", "") == ["20260101120000"]
    assert offered("up", "-e", "pre-prod", "--to", "") == ["20260101120000"]
    monkeypatch.setenv("DBMATE_WRAP_ENV", "pre-prod")
    assert offered("up", "--to", "") == ["20260101120000"]
    monkeypatch.setenv("DBMATE_WRAP_MIGRATIONS_DIR", "nowhere")
    with pytest.raises(FileNotFoundError):
        offered("up", "--to", "")


def test_migrations_are_offered_by_name_and_as_files() -> None:
    assert offered("amend", "") == offered("renumber", "") == ["001_init.sql", "002_orders.sql"]
    assert completion.answer(["words", "amend", "db/migrations/"]) == "files\n"


def test_the_pages_of_explain_are_offered() -> None:
    assert offered("explain", "data") == ["data-write", "database-name"]
    assert offered("explain", "31") == ["31"]
    assert {"partial", "out-of-order", "settings", "rules"} <= {*offered("explain", "")}


def test_fleets_and_listed_targets_are_offered_and_no_command_is_run() -> None:
    assert offered("fleet", "up", "") == ["crm", "shop"]
    assert offered("status", "-e", "pre-prod", "--target", "") == ["acme", "globex"]
    assert offered("status", "-e", "production", "--target", "") == []
    assert offered("status", "-e", "fleet:") == ["fleet:crm/"]
    assert offered("status", "-e", "fleet:crm/g") == ["fleet:crm/globex"]
    assert offered("fleet", "up", "--wave", "") == ["canary"]


@pytest.mark.parametrize(
    "words", [["dump", "--output", "x"], ["check", "--sarif", ""], ["psql", "--", "-f", ""]]
)
def test_files_are_completed_by_the_shell(words: list[str]) -> None:
    assert completion.answer(["words", *words]) == "files\n"


def test_folders_are_completed_by_the_shell(folder: Path) -> None:
    assert completion.answer(["words", "-C", "x"]) == "folders\n"
    (folder / "empty").mkdir()
    assert offered("-C", "empty", "-e", "pre") == []


@pytest.mark.parametrize(
    ("line", "word", "values"),
    [
        ("dbmate-wrap sta", "sta", ["status", "stamp"]),
        ("dbmate-wrap up --env=st", "st", ["staging"]),
        ("dbmate-wrap up --env=", "", ["dev", "test", "staging", "production", "pre-prod", "fleet:crm/"]),
        ("dbmate-wrap up -e fleet:crm/a", "crm/a", ["crm/acme"]),
        ("dbmate-wrap up -e fleet:", "", ["crm/"]),
        ("dbmate-wrap -C '.' up -e 'stag", "'stag", ["staging"]),
        ("dbmate-wrap up -e ", "", ["dev", "test", "staging", "production", "pre-prod", "fleet:crm/"]),
    ],
)
def test_bash_gets_what_follows_the_last_place_where_it_breaks_words(
    line: str, word: str, values: list[str]
) -> None:
    assert completion.answer(["line", line, word]).splitlines() == ["values", *values]


@pytest.mark.parametrize(
    "text", ["[environments", "environments = 1\nfleets = [2]\ndefault_environment = 3\n"]
)
def test_a_broken_project_is_completed_too(text: str, folder: Path) -> None:
    (folder / "dbmate-wrap.toml").write_text(text)
    assert offered("up", "-e", "") == ["dev", "test", "staging", "production"]
    assert offered("up", "--to", "") == ["001", "002"]


@pytest.mark.parametrize("arguments", [[], ["line"], ["words", "-C", "nowhere", "-e", ""]])
def test_nothing_is_printed_where_there_is_no_answer(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        completion.complete(arguments)
    assert ended.value.code == 0
    printed = capfd.readouterr()
    assert printed.out in ("", "values\n")
    assert printed.err == ""


def test_an_option_that_prints_and_ends_is_only_completed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        completion.complete(["words", "--version", "--show-completion", "bash", "stat"])
    assert capfd.readouterr().out == "values\nstatus\tShow every migration with its state.\n"


def test_the_shell_is_named_or_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert with_shell(["--show-completion"]) == ["--show-completion", ""]
    assert with_shell(["--show-completion", "-q"]) == ["--show-completion", "", "-q"]
    assert with_shell(["--show-completion", "zsh"]) == ["--show-completion", "zsh"]
    assert with_shell([]) == []
    assert with_shell(["psql", "--show-completion"]) == ["psql", "--show-completion"]
    app.app(["--show-completion", "zsh"], prog_name="dbmate-wrap", standalone_mode=False)
    assert capsys.readouterr().out == script("zsh")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_installed_once_and_a_start_up_file_keeps_what_it_has(shell: str, tmp_path: Path) -> None:
    home = tmp_path / "it's home"
    home.mkdir()
    start_up = home / f".{shell}rc"
    start_up.write_text("alias x=y")
    assert install(shell, {"HOME": str(home)}) == install(shell, {"HOME": str(home)})
    path, changed = install(shell, {"HOME": str(home)})
    assert path.read_text() == script(shell)
    if shell == "fish":
        assert (path, changed) == (home / ".config/fish/completions/dbmate-wrap.fish", None)
        return
    assert changed == start_up
    first, comment, line = start_up.read_text().splitlines()
    assert (first, comment) == ("alias x=y", "# Completion of dbmate-wrap.")
    assert line.count(path.name) == 2


def test_the_folders_that_the_user_has_chosen_are_taken(tmp_path: Path) -> None:
    chosen = {
        "HOME": "/nowhere",
        "XDG_DATA_HOME": f"{tmp_path}/data",
        "XDG_CONFIG_HOME": f"{tmp_path}/config",
    }
    (tmp_path / "z").mkdir()
    path, start_up = install("zsh", {**chosen, "ZDOTDIR": f"{tmp_path}/z"})
    assert (path, start_up) == (tmp_path / "data/dbmate-wrap/completion.zsh", tmp_path / "z/.zshrc")
    assert install("fish", chosen)[0] == tmp_path / "config/fish/completions/dbmate-wrap.fish"
