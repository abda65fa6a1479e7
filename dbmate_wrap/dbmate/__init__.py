"""The wrapped binary: its pin, its location, and running it."""
