"""Keeps plugins of pydantic out of this process; it imports next to nothing."""

import os

NO_PLUGINS_VARIABLE = "PYDANTIC_DISABLE_PLUGINS"


def leave_plugins_out() -> None:
    """Keep pydantic from loading plugins in this process: call it before pydantic is imported.

    It would look for them among all that is installed (15 ms where that is much), and hand them all settings:
    some write down what they are given, and a URL has a password.
    """
    os.environ[NO_PLUGINS_VARIABLE] = "__all__"
