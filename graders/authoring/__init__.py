"""Tools for authors: create and check a kata, mutate its solution, draw its pictures, compare its variants."""
