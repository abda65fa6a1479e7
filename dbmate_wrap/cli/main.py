"""The entry point of the command `dbmate-wrap`."""

import gc


def main() -> None:
    """Run the command line; always ends with SystemExit."""
    # Imports make many objects and next to no garbage, and a command is short: what reference counting leaves
    # behind goes with the process. Collecting costs a twelfth of `status`, and a fifth at the interpreter's
    # end, which looks at everything once more unless it is told that nothing of it is garbage.
    gc.disable()
    try:
        from dbmate_wrap.cli.app import app

        app(prog_name="dbmate-wrap")
    except KeyboardInterrupt:
        # While it was imported; a verb tells what it has done.
        raise SystemExit(130) from None
    except OSError as error:
        # --help or --version into a full disk; a verb has a boundary of its own.
        from dbmate_wrap.cli import terminal

        terminal.give_up(error)
    finally:
        gc.freeze()
