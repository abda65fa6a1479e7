"""The wrapped binary: which one is pinned, where it is, and how it is run."""
