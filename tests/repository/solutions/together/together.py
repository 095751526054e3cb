"""A speed that is compared with the submission's own speed, row by row."""


def doubled(x):
    return 2 * x
