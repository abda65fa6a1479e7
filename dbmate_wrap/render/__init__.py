"""An Outcome becomes text for people or JSON for scripts; pure functions that return strings."""
