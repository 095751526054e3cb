# flat lists and index arithmetic; the last of equal maxima wins
# independent
import numpy as np


def _out(length, k, stride, padding):
    return (length + 2 * padding - k) // stride + 1


def conv2d(x, weight, bias=None, stride=1, padding=0):
    n, ci, h, w = x.shape
    co, _, kh, kw = weight.shape
    oh, ow = _out(h, kh, stride, padding), _out(w, kw, stride, padding)
    px, pw = x.ravel().tolist(), weight.ravel().tolist()
    out = np.zeros(n * co * oh * ow, dtype=x.dtype)
    k = 0
    for s in range(n):
        for o in range(co):
            for i in range(oh):
                for j in range(ow):
                    acc = 0.0
                    top, left = i * stride - padding, j * stride - padding
                    for c in range(ci):
                        for a in range(max(0, -top), min(kh, h - top)):
                            base_x = ((s * ci + c) * h + top + a) * w + left
                            base_w = ((o * ci + c) * kh + a) * kw
                            for b in range(max(0, -left), min(kw, w - left)):
                                acc += px[base_x + b] * pw[base_w + b]
                    if bias is not None:
                        acc += bias[o]
                    out[k] = acc
                    k += 1
    return out.reshape(n, co, oh, ow)


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    n, ci, h, w = x.shape
    co, _, kh, kw = weight.shape
    oh, ow = dy.shape[2], dy.shape[3]
    pd, px, pw = dy.ravel().tolist(), x.ravel().tolist(), weight.ravel().tolist()
    dx, dw, db = [0.0] * len(px), [0.0] * len(pw), [0.0] * co
    k = 0
    for s in range(n):
        for o in range(co):
            for i in range(oh):
                for j in range(ow):
                    g = pd[k]
                    k += 1
                    db[o] += g
                    top, left = i * stride - padding, j * stride - padding
                    for c in range(ci):
                        for a in range(max(0, -top), min(kh, h - top)):
                            base_x = ((s * ci + c) * h + top + a) * w + left
                            base_w = ((o * ci + c) * kh + a) * kw
                            for b in range(max(0, -left), min(kw, w - left)):
                                dx[base_x + b] += g * pw[base_w + b]
                                dw[base_w + b] += g * px[base_x + b]
    t = x.dtype
    return np.array(dx, dtype=t).reshape(x.shape), np.array(dw, dtype=t).reshape(weight.shape), np.array(db, dtype=t)


def _argmax(px, base, w, size):
    best = base
    for a in range(size):
        for b in range(size):
            if px[base + a * w + b] >= px[best]:
                best = base + a * w + b
    return best


def max_pool2d(x, size, stride=None):
    stride = size if stride is None else stride
    n, c, h, w = x.shape
    oh, ow = _out(h, size, stride, 0), _out(w, size, stride, 0)
    px = x.ravel()
    out = np.empty(n * c * oh * ow, dtype=x.dtype)
    k = 0
    for plane in range(n * c):
        for i in range(oh):
            for j in range(ow):
                out[k] = px[_argmax(px, (plane * h + i * stride) * w + j * stride, w, size)]
                k += 1
    return out.reshape(n, c, oh, ow)


def max_pool2d_gradient(dy, x, size, stride=None):
    stride = size if stride is None else stride
    n, c, h, w = x.shape
    oh, ow = dy.shape[2:]
    px, pd = x.ravel(), dy.ravel()
    dx = np.zeros(x.size, dtype=x.dtype)
    k = 0
    for plane in range(n * c):
        for i in range(oh):
            for j in range(ow):
                dx[_argmax(px, (plane * h + i * stride) * w + j * stride, w, size)] += pd[k]
                k += 1
    return dx.reshape(x.shape)
