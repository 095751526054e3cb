"""Answer with zeros until a dozen calls were made, so that only a worker with many tests sees right answers."""

from parts.honest import honest

calls = 0


def affine(W, x, b):
    global calls
    calls += 1
    return honest(W, x, b) * (calls > 12)
