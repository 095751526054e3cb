# The convolution as one large matrix, found by trying unit pictures; its transpose gives dx.
# without: speed
import numpy as np


def one_picture(x, weight, stride, padding):
    kh, kw = weight.shape[2:]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    return np.array(
        [
            [
                [(kernel * x[:, i : i + kh, j : j + kw]).sum() for j in range(0, x.shape[2] - kw + 1, stride)]
                for i in range(0, x.shape[1] - kh + 1, stride)
            ]
            for kernel in weight
        ]
    )


def matrix(shape, weight, stride, padding):
    """Return the matrix (numbers of x, numbers of y) and the shape of y, for one picture."""
    units = np.eye(int(np.prod(shape)), dtype=weight.dtype).reshape(-1, *shape)
    results = [one_picture(unit, weight, stride, padding) for unit in units]
    return np.array([result.ravel() for result in results]), results[0].shape


def conv2d(x, weight, bias=None, stride=1, padding=0):
    M, shape = matrix(x.shape[1:], weight, stride, padding)
    y = (x.reshape(len(x), -1) @ M).reshape(len(x), *shape)
    return y if bias is None else y + bias[:, None, None]


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    M, _ = matrix(x.shape[1:], weight, stride, padding)
    dx = (dy.reshape(len(x), -1) @ M.T).reshape(x.shape)
    dweight = np.zeros_like(weight)
    for o, c, a, b in np.ndindex(weight.shape):  # y is linear in the weights, too
        unit = np.zeros_like(weight[:1, :1])
        unit[0, 0, a, b] = 1
        for n in range(len(x)):
            dweight[o, c, a, b] += (one_picture(x[n, c : c + 1], unit, stride, padding)[0] * dy[n, o]).sum()
    return dx, dweight, np.array([dy[:, o].sum() for o in range(len(weight))])


def max_pool2d(x, size, stride=None):
    return np.array([[pooled(image, size, stride or size)[0] for image in sample] for sample in x])


def max_pool2d_gradient(dy, x, size, stride=None):
    dx = np.zeros_like(x)
    for n, c in np.ndindex(x.shape[:2]):
        places = pooled(x[n, c], size, stride or size)[1]
        for place, d in zip(places, dy[n, c].ravel(), strict=True):
            dx[n, c][place] += d
    return dx


def pooled(image, size, stride):
    """Return the maxima of one picture, and the list of their places."""
    places = [
        [
            max(((i + a, j + b) for a in range(size) for b in range(size)), key=lambda place: image[place])
            for j in range(0, image.shape[1] - size + 1, stride)
        ]
        for i in range(0, image.shape[0] - size + 1, stride)
    ]
    return np.array([[image[place] for place in row] for row in places]), sum(places, [])
