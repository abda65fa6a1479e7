"""Replays histories on scratch databases of a shadow server, and caches checked histories as templates."""
