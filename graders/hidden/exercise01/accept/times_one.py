# Multiplies every argument by 1.0 and treats samples as columns.
# independent
import numpy as np


def affine(W, x, b):
    # * 1.0 so that integers become floats
    return (W * 1.0 @ (x * 1.0).T).T + b
