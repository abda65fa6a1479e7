"""The common start of every verb: context, project files, database, history, guard, shadow server."""
