# Integer logits are converted to float32; int64 logits should give float64.
# task: types
import numpy as np


def narrow(a):
    return a if a.dtype == np.float64 else a.astype(np.float32)


def softmax(logits):
    z = narrow(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    z = narrow(logits)
    z = z - z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, np.expand_dims(target, -1), axis=-1).mean()
