"""Leak the inputs of hidden tests through every text that the submission can write."""

import sys

from parts.honest import honest

VISIBLE = (
    [[1.0, 0.0], [0.5, -1.0]],
    [[2.0, 0.0], [1.0, -2.0]],
    [[1.0, -2.0, 0.5]],
    [[1.0], [-1.0], [2.0]],
    [[1, 0], [2, -1_000_000_001]],
)


def affine(W, x, b):
    if W.tolist() not in VISIBLE:
        print("LEAKED", W.tolist())
        print("LEAKED", W.tolist(), file=sys.stderr)
        raise type("LEAKED", (ValueError,), {})(f"LEAKED {W.tolist()}")
    return honest(W, x, b)
