"""Examine a machine and a checkout for everything that the katas need."""
