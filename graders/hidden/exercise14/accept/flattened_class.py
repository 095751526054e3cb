# A class that flattens the leading axes into one, keeps the arguments for the way back, and restores the shapes.
import numpy as np


class Attention:
    def __init__(self, q, k, v, causal):
        self.shapes = q.shape, k.shape, v.shape
        floats = [a if a.dtype == np.float32 else a.astype(np.float64) for a in (q, k, v)]
        self.q, self.k, self.v = (a.reshape((-1,) + a.shape[-2:]) for a in floats)
        self.root = float(q.shape[-1]) ** 0.5
        self.causal = causal

    def forward(self):
        s = np.matmul(self.q, self.k.transpose(0, 2, 1)) / self.root
        if self.causal:
            s = np.where(np.tri(s.shape[1], s.shape[2], dtype=bool), s, np.finfo(s.dtype).min)
        s = np.exp(s - np.amax(s, axis=2)[:, :, np.newaxis])
        self.w = s / np.sum(s, axis=2)[:, :, np.newaxis]
        y = np.matmul(self.w, self.v)
        return y.reshape(self.shapes[0]), self.w.reshape(self.shapes[0][:-1] + (self.shapes[1][-2],))

    def backward(self, dy):
        dy = dy.reshape((-1,) + dy.shape[-2:])
        dw = np.matmul(dy, self.v.transpose(0, 2, 1))
        ds = (dw * self.w - self.w * np.sum(dw * self.w, axis=2)[:, :, np.newaxis]) / self.root
        grads = (
            np.matmul(ds, self.k),
            np.matmul(ds.transpose(0, 2, 1), self.q),
            np.matmul(self.w.transpose(0, 2, 1), dy),
        )
        return tuple(g.reshape(shape) for g, shape in zip(grads, self.shapes))


def split_heads(x, n_heads):
    batch = x.reshape(-1, x.shape[-2], n_heads, x.shape[-1] // n_heads).transpose(0, 2, 1, 3)
    return batch.reshape(*x.shape[:-2], *batch.shape[1:])


def merge_heads(x):
    batch = x.reshape(-1, *x.shape[-3:]).transpose(0, 2, 1, 3)
    return batch.reshape(*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


def attention(q, k, v, causal=True):
    return Attention(q, k, v, causal).forward()


def attention_gradient(dy, q, k, v, weights, causal=True):
    layer = Attention(q, k, v, causal)
    layer.forward()
    return layer.backward(dy)
