"""The only package that calls git: the checked-out commit, and the base of a branch."""
