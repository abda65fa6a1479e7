"""The only room that calls git: which commit lies here, and what the base of a branch holds."""
