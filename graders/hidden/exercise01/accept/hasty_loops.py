# Typed in a hurry: Python loops.
# independent
import numpy as np


def affine(W, x, b):
    result = []
    if x.ndim == 1:
        for i in range(len(W)):
            s = 0
            for j in range(len(x)):
                s += W[i][j] * x[j]
            result.append(s + b[i])
    else:
        for row in x:
            r = []
            for i in range(len(W)):
                s = 0
                for j in range(len(row)):
                    s += W[i][j] * row[j]
                r.append(s + b[i])
            result.append(r)
    return np.array(result)
