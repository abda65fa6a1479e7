"""What `init` writes into a folder that is not ours: whole files, and lines at the end of others."""
