"""Raise, during the import, a text that attacks the program that displays it."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


raise ValueError("\x1b[2J::error::\x00<script>alert(1)</script>")
