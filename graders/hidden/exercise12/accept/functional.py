# functional: map, reduce, and pictures padded with zeros
# independent
from functools import reduce
from itertools import product
from operator import add
import numpy as np


def pad_to(array, top, bottom, left, right):
    return np.pad(array, ((0, 0), (0, 0), (top, bottom), (left, right)))


def places(height, width, kh, kw, stride):
    return list(product(range(0, height - kh + 1, stride), range(0, width - kw + 1, stride)))


def window(x, kh, kw):
    return lambda place: x[:, :, place[0] : place[0] + kh, place[1] : place[1] + kw]


def embedded(height, width, part, place):
    """A picture of zeros with one part at a place."""
    i, j = place
    kh, kw = part.shape[2:]
    return pad_to(part, i, height - i - kh, j, width - j - kw)


def numbers(dy):
    return [dy[:, :, i, j] for i, j in np.ndindex(dy.shape[2:])]


def conv2d(x, weight, bias=None, stride=1, padding=0):
    big = pad_to(x, *[padding] * 4)
    kh, kw = weight.shape[2:]
    dot = lambda covered: np.tensordot(covered, weight, axes=((1, 2, 3), (1, 2, 3)))
    columns = (big.shape[3] - kw) // stride + 1
    results = list(map(dot, map(window(big, kh, kw), places(*big.shape[2:], kh, kw, stride))))
    flat = np.stack(results, axis=-1)
    y = flat.reshape(*flat.shape[:2], -1, columns)
    return y if bias is None else y + np.reshape(bias, (-1, 1, 1))


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    big = pad_to(x, *[padding] * 4)
    height, width = big.shape[2:]
    kh, kw = weight.shape[2:]
    pairs = list(zip(numbers(dy), places(height, width, kh, kw, stride)))
    dbig = reduce(add, (embedded(height, width, np.tensordot(d, weight, axes=1), at) for d, at in pairs))
    dweight = reduce(add, (np.tensordot(d, window(big, kh, kw)(at), axes=(0, 0)) for d, at in pairs))
    dbias = reduce(add, (d.sum(axis=0) for d, _ in pairs))
    return dbig[:, :, padding : height - padding, padding : width - padding], dweight, dbias


def max_pool2d(x, size, stride=None):
    step = stride or size
    columns = (x.shape[3] - size) // step + 1
    flat = [window(x, size, size)(at).max(axis=(2, 3)) for at in places(*x.shape[2:], size, size, step)]
    return np.stack(flat, axis=-1).reshape(*x.shape[:2], -1, columns)


def max_pool2d_gradient(dy, x, size, stride=None):
    def share(d, part):
        mask = part == part.max(axis=(2, 3), keepdims=True)
        return d[:, :, None, None] * mask / mask.sum(axis=(2, 3), keepdims=True)

    height, width = x.shape[2:]
    at = places(height, width, size, size, stride or size)
    parts = (embedded(height, width, share(d, window(x, size, size)(p)), p) for d, p in zip(numbers(dy), at))
    return reduce(add, parts, np.zeros(x.shape))
