"""The kata.toml, hidden tests and probes that grade a puzzle, copied into a repository with one kata."""
