"""The options that show and install the scripts of shell completion."""

import shlex
from collections.abc import Mapping
from inspect import Parameter
from pathlib import Path
from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values

SHELLS = ("bash", "zsh", "fish")
_OPTIONS = ("--install-completion", "--show-completion")
_FOLDER = Path(__file__).parent / "shells"
_VARIABLES = ("HOME", "SHELL", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR")


def with_shell(arguments: list[str]) -> list[str]:
    """Return the arguments with a value after an option that stands first and has none: ""."""
    first, *others = arguments or [""]
    named = bool(others) and not others[0].startswith("-")
    return [first, "", *others] if first in _OPTIONS and not named else arguments


def script(shell: str) -> str:
    """Return the script of a shell."""
    return (_FOLDER / f"dbmate-wrap.{shell}").read_text(encoding="utf-8")


def install(shell: str, variables: Mapping[str, str]) -> tuple[Path, Path | None]:
    """Write the script where the shell's user keeps such, and a line to its start-up file where it needs one.

    Returns both. Raises OSError, and KeyError where HOME is not set.
    """
    home = Path(variables["HOME"])
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")
    if shell == "fish":
        config = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
        path, start_up = config / "fish" / "completions" / "dbmate-wrap.fish", None
    elif shell == "zsh":
        path, start_up = (
            data / "dbmate-wrap" / "completion.zsh",
            Path(variables.get("ZDOTDIR") or home) / ".zshrc",
        )
    else:
        path, start_up = data / "bash-completion" / "completions" / "dbmate-wrap", home / ".bashrc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script(shell), encoding="utf-8")
    if start_up is not None:
        _add_line(start_up, f"[ -r {shlex.quote(str(path))} ] && . {shlex.quote(str(path))}")
    return path, start_up


def _add_line(path: Path, line: str) -> None:
    """Append a line to a file that has it not yet; a file that is a link stays one."""
    before = path.read_bytes() if path.exists() else b""
    if line.encode() in before.splitlines():
        return
    with path.open("ab") as file:
        end = b"\n" if before and not before.endswith(b"\n") else b""
        file.write(end + f"# Completion of dbmate-wrap.\n{line}\n".encode())


def _show(context: typer.Context, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:
        typer.echo(script(_known(shell, "--show-completion")), nl=False)
        raise typer.Exit


def _install(context: typer.Context, shell: str | None) -> None:
    if shell is None or context.resilient_parsing:
        return
    from dbmate_wrap import process

    shell = _known(shell, "--install-completion")
    try:
        path, start_up = install(shell, process.inherited(_VARIABLES))
    except (OSError, KeyError) as error:
        why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else "HOME is not set"
        typer.echo(
            f"error: cannot write the completion of {shell}: {why}\n"
            f"  hint: `dbmate-wrap --show-completion {shell}` prints it",
            err=True,
        )
        raise typer.Exit(10) from None
    typer.echo(f"{shell}: wrote {path}" + (f", and a line to {start_up}" if start_up is not None else ""))
    typer.echo("Open a new terminal to use it.")
    raise typer.Exit


def _known(shell: str, option: str) -> str:
    """Return the shell that is meant; "" is the one that runs us, or else the login shell.

    Raises BadParameter.
    """
    if not shell:
        from typer._completion_shared import _get_shell_name

        from dbmate_wrap import process

        login = Path(process.inherited(_VARIABLES).get("SHELL", "")).name
        shell = next((each for each in (_get_shell_name(), login) if each in SHELLS), "")
    if shell not in SHELLS:
        raise typer.BadParameter(
            f"name the shell, as in `{option} zsh`: {', '.join(SHELLS)}", param_hint=option
        )
    return shell


_InstallCompletion = Annotated[
    str | None,
    typer.Option(
        "--install-completion",
        metavar="[SHELL]",
        callback=_install,
        is_eager=True,
        help=f"Let a shell complete commands and names: {', '.join(SHELLS)} (default: this one).",
        autocompletion=completion_values.shells,
    ),
]
_ShowCompletion = Annotated[
    str | None,
    typer.Option(
        "--show-completion",
        metavar="[SHELL]",
        callback=_show,
        is_eager=True,
        help="Print the script for that, to install it by hand.",
        autocompletion=completion_values.shells,
    ),
]
COMPLETION_OPTIONS = (
    Parameter("install_completion", Parameter.KEYWORD_ONLY, default=None, annotation=_InstallCompletion),
    Parameter("show_completion", Parameter.KEYWORD_ONLY, default=None, annotation=_ShowCompletion),
)
