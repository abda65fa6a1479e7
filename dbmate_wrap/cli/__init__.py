"""Arguments in, exit code out: the one boundary that prints, asks and turns errors into text."""
