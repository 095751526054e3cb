"""Helpers for output, such as wrapped text, progress bars, diffs, pictures and atomically written files."""
