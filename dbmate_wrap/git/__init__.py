"""Calls git, which no other package does: the commit that is checked out, and the base of a branch."""
