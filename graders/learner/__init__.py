"""Tools for learners, such as hints, progress, notebooks and `katas watch`."""
