"""Generates broken training programs for `katas debug` from a catalogue of faults, and proves that they are broken."""
