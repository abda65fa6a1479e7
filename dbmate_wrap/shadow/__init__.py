"""Replays histories on scratch databases of a shadow server, and keeps what was checked as templates."""
