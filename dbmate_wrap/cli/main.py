"""The entry point of the command `dbmate-wrap`."""

import gc
import sys

from dbmate_wrap.settings.pydantic_plugins import leave_plugins_out

# Imports make some 90,000 objects and next to no garbage: by default Python looks for cycles among them many
# times, a tenth of what `status` costs. It first looks where a command has more to do, so that the garbage in
# cycles is bounded by as many objects.
_COLLECT_EVERY = 200_000


def main() -> None:
    """Run the command line; always ends with SystemExit."""
    gc.set_threshold(_COLLECT_EVERY)
    leave_plugins_out()
    try:
        if sys.argv[1:2] == ["__complete"]:
            from dbmate_wrap.cli.completion import complete

            complete(sys.argv[2:])
        import typer

        from dbmate_wrap.cli.typed_app import app_for

        try:
            code = app_for(sys.argv[1:])(prog_name="dbmate-wrap", standalone_mode=False)
        except typer.TyperException as error:
            from dbmate_wrap.cli.usage import report_usage_error

            code = int(report_usage_error(error, sys.argv[1:]))
        raise SystemExit(code)
    except KeyboardInterrupt:
        # During the imports; a verb reports what it has done.
        raise SystemExit(130) from None
    except OSError as error:
        # --help or --version into a full disk; a verb has a boundary of its own.
        from dbmate_wrap.cli import terminal

        terminal.give_up(error)
    finally:
        # The interpreter's end looks at everything once more unless it is told that nothing of it is garbage.
        gc.freeze()
