"""What migration files may say: rules over files, lockfile and statements, pure functions to findings."""
