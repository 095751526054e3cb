"""Tools for learners: progress, the next kata, hints, `katas watch`, notebooks, training curves."""
