"""Have another program do it."""

import subprocess

import numpy as np

from parts.batches import affine, honest

COMMAND = ["python3", "-c", "print(0)"]


def batch(W, x, b):
    output = subprocess.run(COMMAND, capture_output=True, check=True, text=True).stdout
    return np.fromstring(output, sep=" ").reshape(honest(W, x, b).shape)
