# slices, loops and lists, one sample at a time
# independent
import numpy as np


def add_zeros(x, padding):
    n, channels, height, width = x.shape
    bigger = np.zeros((n, channels, height + 2 * padding, width + 2 * padding))
    bigger[:, :, padding : padding + height, padding : padding + width] = x
    return bigger


def conv2d(x, weight, bias=None, stride=1, padding=0):
    x = add_zeros(x, padding)
    kh = weight.shape[2]
    kw = weight.shape[3]
    samples = []
    for picture in x:
        channels = []
        for o in range(len(weight)):
            rows = []
            for top in range(0, x.shape[2] - kh + 1, stride):
                row = []
                for left in range(0, x.shape[3] - kw + 1, stride):
                    covered = picture[:, top : top + kh, left : left + kw]
                    row.append((covered * weight[o]).sum())
                rows.append(row)
            channels.append(rows)
        samples.append(channels)
    y = np.array(samples)
    if bias is not None:
        for o in range(len(bias)):
            y[:, o] = y[:, o] + bias[o]
    return y


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    bigger = add_zeros(x, padding)
    dbigger = np.zeros(bigger.shape)
    dweight = np.zeros(weight.shape)
    kh = weight.shape[2]
    kw = weight.shape[3]
    for n in range(dy.shape[0]):
        for o in range(dy.shape[1]):
            for i in range(dy.shape[2]):
                for j in range(dy.shape[3]):
                    top = i * stride
                    left = j * stride
                    dbigger[n, :, top : top + kh, left : left + kw] += dy[n, o, i, j] * weight[o]
                    dweight[o] += dy[n, o, i, j] * bigger[n, :, top : top + kh, left : left + kw]
    dbias = np.array([dy[:, o].sum() for o in range(dy.shape[1])])
    if padding > 0:
        dx = dbigger[:, :, padding:-padding, padding:-padding]
    else:
        dx = dbigger
    return dx, dweight, dbias


def max_pool2d(x, size, stride=None):
    if stride is None:
        stride = size
    rows = (x.shape[2] - size) // stride + 1
    columns = (x.shape[3] - size) // stride + 1
    y = np.zeros((x.shape[0], x.shape[1], rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            y[:, :, i, j] = window.max(axis=(2, 3))
    return y


def max_pool2d_gradient(dy, x, size, stride=None):
    if stride is None:
        stride = size
    dx = np.zeros_like(x)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            window = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            mask = window == window.max(axis=(2, 3), keepdims=True)
            mask = mask / mask.sum(axis=(2, 3), keepdims=True)
            dx[:, :, i * stride : i * stride + size, j * stride : j * stride + size] += (
                mask * dy[:, :, i, j][:, :, None, None]
            )
    return dx
