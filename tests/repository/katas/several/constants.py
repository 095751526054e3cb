"""Supplied to every submission."""

SHIFT = 3.0
