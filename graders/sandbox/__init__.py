"""Starts workers in bubblewrap, as an unprivileged user who sees only the files of one runtime."""
