"""What is planned for each file, by what is there."""

import re
import tomllib

import pytest

from dbmate_wrap.scaffold.action import FileAction, append_lines
from dbmate_wrap.scaffold.folder import PresentFile
from dbmate_wrap.scaffold.layout import Layout, Scaffold
from dbmate_wrap.scaffold.plan import plan_files
from dbmate_wrap.scaffold.settings_file import is_own_checkout

NOTHING = Scaffold(Layout(), version="1.2.3")
TIMES = ("20240315093000_add.sql", "20240401120000_more.sql")
WHOLE = (
    *("db/migrations/.gitkeep", "db/README.md", "dbmate-wrap.toml", ".env.example", ".gitignore"),
    *("Makefile", ".github/workflows/migrations.yml", ".pre-commit-config.yaml"),
)


def present(**texts: str) -> dict[str, PresentFile]:
    """Files by name, where `__` stands for a dot and `_` for a dash."""
    return {
        name.replace("__", ".").replace("_", "-"): PresentFile(text.encode()) for name, text in texts.items()
    }


def plan(
    files: dict[str, PresentFile] | None = None, scaffold: Scaffold = NOTHING, *, has_github: bool = False
) -> dict[str, FileAction]:
    """The actions by their files."""
    return {each.file: each for each in plan_files(files or {}, scaffold, has_github=has_github)}


def text_of(action: FileAction) -> str:
    assert action.content is not None, action
    return action.content.decode()


def after(files: dict[str, PresentFile], actions: dict[str, FileAction]) -> dict[str, PresentFile]:
    """What is there once the actions are done."""
    written = {name: PresentFile(each.content) for name, each in actions.items() if each.content is not None}
    return files | written


def test_an_empty_folder_gets_every_file() -> None:
    actions = plan()
    assert tuple(actions) == WHOLE
    assert {each.state for each in actions.values()} == {"to be written"}
    for action in actions.values():
        assert not re.search(r"@[A-Z]+@", text_of(action))


def test_a_second_run_has_nothing_to_do() -> None:
    first = plan()
    again = plan(after({}, first))
    assert [each for each in again.values() if each.content is not None] == []
    assert {each.state for each in again.values()} == {"is there"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nname = "shop"\n'),
        (".gitignore", "node_modules/\ndist/\n"),
        ("Makefile", "test:\n\tpytest\n"),
        (".pre-commit-config.yaml", "repos:\n- repo: local\n  hooks: []\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ended", [True, False], ids=["ended", "not-ended"])
def test_lines_are_appended_once_in_the_line_ends_of_the_file(
    name: str, text: str, newline: str, ended: bool
) -> None:
    before = text.replace("\n", newline)
    before = before if ended else before.removesuffix(newline)
    files = {name: PresentFile(before.encode())}
    actions = plan(files)
    assert actions[name].state == "to be appended"
    content = text_of(actions[name])
    assert content.startswith(before)
    added = content[len(before) :]
    assert re.match(rf"({newline}){{{1 if ended else 2}}} *# dbmate-wrap: added by `dbmate-wrap init`", added)
    assert added.endswith(newline)
    assert added.count("\n") == added.count(newline)
    # As the command sees it: with a table the project is configured.
    configured = Scaffold(Layout(), is_configured=True, version="1.2.3")
    assert plan(after(files, actions), configured)[name].content is None


@pytest.mark.parametrize(
    ("content", "added"),
    [
        (b"", b"x\n"),
        (b"a", b"a\n\nx\n"),
        (b"a\n", b"a\n\nx\n"),
        (b"a\n\n", b"a\n\nx\n"),
        (b"a\r\nb", b"a\r\nb\r\n\r\nx\r\n"),
        (b"a\r\nb\nc\n", b"a\r\nb\nc\n\nx\n"),
    ],
)
def test_a_block_is_appended_after_an_empty_line(content: bytes, added: bytes) -> None:
    assert append_lines(content, "x\n") == added


def test_the_settings_go_into_a_pyproject_that_is_there() -> None:
    before = '[project]\nname = "shop"\n[tool.ruff]\nline-length = 100'
    action = plan(present(pyproject__toml=before))["pyproject.toml"]
    assert action.state == "to be appended"
    found = tomllib.loads(text_of(action))
    assert found["tool"] == {
        "ruff": {"line-length": 100},
        "dbmate-wrap": {"migrations_dir": "db/migrations"},
    }
    assert "dbmate-wrap.toml" not in plan(present(pyproject__toml=before))


@pytest.mark.parametrize(
    "before",
    ["[project\n", "[tool]\ndbmate-wrap = 1\n", "tool = {ruff = 1}\n", 'a = """\n', "[[tool]]\na = 1\n"],
)
def test_a_pyproject_that_takes_no_table_is_left_with_the_text(before: str) -> None:
    action = plan(present(pyproject__toml=before))["pyproject.toml"]
    assert (action.state, action.content) == ("left as it is", None)
    assert action.text is not None
    assert "[tool.dbmate-wrap]" in action.text


@pytest.mark.parametrize("name", ["pyproject.toml", "dbmate-wrap.toml"])
def test_settings_that_are_there_are_kept(name: str) -> None:
    files = {name: PresentFile(b"")}
    assert plan(files, Scaffold(Layout(), is_configured=True))[name].state == "is there"


def test_a_project_of_dbmate_keeps_its_places_and_its_numbering() -> None:
    layout = Layout("database/migrations", "database/migrations.lock", "database/structure.sql")
    settings = {
        "migrations_dir": layout.migrations_dir,
        "migrations_table": "app.versions",
        "numbering": "timestamp",
    }
    actions = plan(scaffold=Scaffold(layout, settings, names=TIMES, version="1"))
    assert actions["database/migrations/"].state == "is there"
    assert tomllib.loads(text_of(actions["dbmate-wrap.toml"])) == settings
    readme = text_of(actions["database/README.md"])
    assert "`20240315093000_add.sql` represents the zero point" in readme
    assert "YYYYMMDDhhmmss_name.sql" in readme
    assert '"database/**", "pyproject.toml"' in text_of(actions[".github/workflows/migrations.yml"])
    assert r"^(database/migrations/|database/migrations\.lock$" in text_of(actions[".pre-commit-config.yaml"])


def test_a_folder_at_the_top_has_its_page_inside() -> None:
    layout = Layout("migrations", "migrations.lock", "schema.sql")
    assert layout.readme == "migrations/README.md"
    assert layout.watched == ("migrations/", "migrations.lock", "schema.sql")


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("", [".dbmate-wrap/", ".env", ".env.*", "!.env.example"]),
        (".env\n", [".dbmate-wrap/", ".env.*", "!.env.example"]),
        (".env*\n", [".dbmate-wrap/", "!.env.example"]),
        ("/.dbmate-wrap/\n/.env\n.env.*\n", ["!.env.example"]),
        ("!.env.sample\n", [".dbmate-wrap/", ".env", ".env.*", "!.env.example", "!.env.sample"]),
        (".dbmate-wrap/\n.env\n.env.*\n!.env.example\n", []),
    ],
)
def test_only_missing_lines_go_into_gitignore(before: str, added: list[str]) -> None:
    action = plan(present(__gitignore=before))[".gitignore"]
    if not added:
        assert action.state == "is there"
        return
    lines = text_of(action).removeprefix(before).strip().splitlines()
    assert lines[1:] == added


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("migrate: db\n\techo\n", "it has a target migrate already"),
        ("up migrate-check:: x\n", "it has a target migrate-check already"),
        (".RECIPEPREFIX = >\na:\n>echo\n", None),
        ("A = b \\", "its last line goes on"),
        ("A = b \\\r\n", "its last line goes on"),
        ("ifdef migrate\nendif\na:\n", None),
        ("migrate := 1\n.PHONY: migrate\na:\n\tmigrate: x\n# migrate: y\n", None),
    ],
)
def test_a_makefile_that_takes_no_targets_is_left_with_the_text(before: str, reason: str | None) -> None:
    action = plan(present(Makefile=before))["Makefile"]
    assert action.reason == reason
    if reason is not None:
        assert (action.state, action.content) == ("left as it is", None)
        assert action.text is not None
        assert "\nmigrate: ;" in action.text
        assert "\t" not in action.text


@pytest.mark.parametrize("name", ["GNUmakefile", "makefile"])
def test_the_makefile_that_make_reads_is_appended_to(name: str) -> None:
    actions = plan({"Makefile": PresentFile(b"a:\n"), name: PresentFile(b"b:\n")})
    assert actions[name].state == "to be appended"
    assert "Makefile" not in actions


@pytest.mark.parametrize(
    ("before", "indent"),
    [
        ("repos:\n- repo: a\n  hooks:\n  - id: x\n", 0),
        ("# c\ndefault_stages: [pre-commit]\nrepos: # all\n  - repo: a\n    hooks:\n      - id: x\n", 2),
        ("repos:\n    # c\n    - repo: a\n      hooks: []\n\n# end", 4),
        ("repos: []\n", None),
        ("repos:\n", None),
        ("repos:\n- repo: a\n  hooks: []\nci:\n  skip: []\n", None),
        ("repos:\n  - repo: a\n - repo: b\n", None),
        ("- repo: a\n", None),
        ("repos:\n- repo: a\n...\n", None),
        ("repos:\n\t- repo: a\n", None),
    ],
)
def test_a_hook_is_appended_to_a_usual_list_alone(before: str, indent: int | None) -> None:
    action = plan({".pre-commit-config.yaml": PresentFile(before.encode())})[".pre-commit-config.yaml"]
    if indent is None:
        assert (action.state, action.content) == ("left as it is", None)
        assert "id: dbmate-wrap-check" in (action.text or "")
    else:
        assert f"\n{' ' * indent}- repo: local\n" in text_of(action)


GITHUB, GITLAB = ".github/workflows/migrations.yml", ".gitlab-ci.yml"


@pytest.mark.parametrize(
    ("names", "has_github", "hosts", "wanted"),
    [
        ((), False, set(), {GITHUB: "to be written"}),
        ((), False, {"github.com"}, {GITHUB: "to be written"}),
        ((), False, {"gitlab.example.com"}, {GITLAB: "to be written"}),
        ((GITLAB,), False, set(), {GITLAB: "left as it is"}),
        ((GITLAB,), True, set(), {GITLAB: "left as it is", GITHUB: "to be written"}),
        (("Jenkinsfile",), False, {"git.example.com"}, {"Jenkinsfile": "left as it is"}),
        ((), False, {"git.example.com"}, {GITHUB: "to be written"}),
    ],
)
def test_the_pipeline_is_that_of_the_host(
    names: tuple[str, ...], has_github: bool, hosts: set[str], wanted: dict[str, str]
) -> None:
    files = {name: PresentFile(b"stages: []\n") for name in names}
    actions = plan(files, Scaffold(Layout(), hosts=frozenset(hosts)), has_github=has_github)
    found = {name: each.state for name, each in actions.items() if name in (GITHUB, GITLAB, "Jenkinsfile")}
    assert found == wanted


def test_a_pipeline_that_names_the_tool_is_enough() -> None:
    workflow = ".github/workflows/ci.yml"
    files = {workflow: PresentFile(b"run: dbmate-wrap check"), GITLAB: PresentFile(b"dbmate-wrap check")}
    actions = plan(files, has_github=True)
    assert actions[workflow].state == actions[GITLAB].state == "is there"
    assert GITHUB not in actions


def test_below_the_top_of_a_repository_the_files_of_the_top_are_shown() -> None:
    actions = plan(scaffold=Scaffold(Layout(), where="services/my crm", hosts=frozenset({"gitlab.com"})))
    for name in (GITLAB, ".pre-commit-config.yaml"):
        assert (actions[name].state, actions[name].content) == ("left as it is", None)
        assert "dbmate-wrap -C 'services/my crm' check" in (actions[name].text or "")
        assert "services/my" in (actions[name].text or "").replace("\\", "")
    assert actions[".gitignore"].state == "to be written"
    top = Scaffold(Layout(), where="services/shop")
    done = {
        GITHUB: PresentFile(b"run: dbmate-wrap -C services/shop check"),
        ".pre-commit-config.yaml": PresentFile(b"id: dbmate-wrap-check\nentry: dbmate-wrap -C services/shop"),
    }
    assert plan(done, top)[GITHUB].state == plan(done, top)[".pre-commit-config.yaml"].state == "is there"
    other = Scaffold(Layout(), where="services/crm")
    assert plan(done, other)[GITHUB].state == "left as it is"


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_cannot_be_read_is_left(name: str) -> None:
    files = {name: PresentFile(obstacle="a symbolic link leads out of the folder")}
    action = plan(files)[name]
    assert (action.state, action.content) == ("left as it is", None)
    assert action.reason == "a symbolic link leads out of the folder"


def test_an_example_without_our_variables_is_left_with_the_text() -> None:
    action = plan({".env.example": PresentFile(b"PORT=1\n")})[".env.example"]
    assert (action.state, action.content) == ("left as it is", None)
    assert "STAGING_DATABASE_URL" in (action.text or "")
    there = plan({".env.example": PresentFile(b"DATABASE_URL=postgres://localhost/x\n")})
    assert there[".env.example"].state == "is there"


def test_this_repository_is_known_by_its_name() -> None:
    assert is_own_checkout(present(pyproject__toml='[project]\nname = "dbmate-wrap"\n'))
    assert not is_own_checkout(present(pyproject__toml='[project]\nname = "shop"\n'))
    assert not is_own_checkout({})
