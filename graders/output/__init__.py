"""Output that commands share: wrapped text, progress bars, diffs, pictures, and files written atomically."""
