"""What a puzzle is graded with: kata.toml, hidden tests and probes, copied into a repository of one kata."""
