"""A speed that is compared with the submission's own speed, row by row."""


def doubled(x):
    """Twice x."""
    raise NotImplementedError
