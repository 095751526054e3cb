"""Tools for learners: progress, the next kata, hints, `katas watch`, notebooks, and training curves."""
