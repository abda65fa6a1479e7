"""The rules for migrations: pure functions from files, lockfile and statements to findings."""
