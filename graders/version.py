"""The version of the harness, which every verdict records."""

__version__ = "0.1.0"
