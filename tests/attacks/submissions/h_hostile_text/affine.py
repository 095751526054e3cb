"""Raise and print a text that attacks the program that displays it."""

import sys

from parts.batches import affine

TEXT = ""
RAW = TEXT.encode("utf-8", "surrogatepass")


def batch(W, x, b):
    print(TEXT)
    sys.stdout.buffer.write(RAW) if hasattr(sys.stdout, "buffer") else None
    raise ValueError(TEXT)
