# The bias as the weight of a constant input: one product for dW and db.
# independent
r"""The adjoint of an affine map.

With Z = X W^T + 1 b^T we have  dW = dZ^T X,  dX = dZ W,  db = dZ^T 1;  one sample is the case n = 1.
With Xhat = (X | 1), the pair (dW | db) is dZ^T Xhat in one product.
"""

import numpy as np


def _field(a):
    """Embeds the integers into the reals."""
    return a.astype(np.float64) if a.dtype.kind in "iu" else a


def _augmented(dz, x):
    Z = np.atleast_2d(_field(dz))
    X = np.atleast_2d(_field(x))
    ones = np.ones((X.shape[0], 1), dtype=X.dtype)
    return np.tensordot(Z, np.concatenate([X, ones], axis=1), axes=(0, 0))


def affine_weight_gradient(dz, x):
    return _augmented(dz, x)[:, :-1]


def affine_backward(dz, x, W):
    A = _augmented(dz, x)
    dx = np.matmul(_field(W).T, _field(dz).T).T
    return A[:, :-1], dx, A[:, -1]
