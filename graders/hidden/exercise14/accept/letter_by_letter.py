# The formulas letter by letter: powers of e, a sum for each element, and a loop over the heads.
# independent
import numpy as np


def split_heads(x, n_heads):
    head_features = x.shape[-1] // n_heads
    cut = np.reshape(x, x.shape[:-1] + (n_heads, head_features))
    return np.swapaxes(cut, -3, -2)


def merge_heads(x):
    back = np.swapaxes(x, -3, -2)
    return np.reshape(back, back.shape[:-2] + (back.shape[-2] * back.shape[-1],))


def attention(q, k, v, causal=True):
    d = q.shape[-1]
    y = np.zeros(q.shape)
    w = np.zeros(q.shape[:-1] + (k.shape[-2],))
    for head in np.ndindex(q.shape[:-2]):
        s = q[head] @ k[head].T / np.sqrt(d)
        for i in range(s.shape[0]):
            for j in range(s.shape[1]):
                if causal and j > i:
                    w[head][i, j] = 0
                elif causal:
                    w[head][i, j] = np.e ** s[i, j] / sum(np.e ** s[i, l] for l in range(i + 1))
                else:
                    w[head][i, j] = np.e ** s[i, j] / sum(np.e ** s[i, l] for l in range(s.shape[1]))
        y[head] = w[head] @ v[head]
    return y, w


def attention_gradient(dy, q, k, v, weights, causal=True):
    d = q.shape[-1]
    dq, dk, dv = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    for head in np.ndindex(q.shape[:-2]):
        w = weights[head]
        dv[head] = w.T @ dy[head]
        dw = dy[head] @ v[head].T
        ds = np.zeros(w.shape)
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                ds[i, j] = w[i, j] * (dw[i, j] - sum(w[i, l] * dw[i, l] for l in range(w.shape[1])))
        dq[head] = ds @ k[head] / np.sqrt(d)
        dk[head] = ds.T @ q[head] / np.sqrt(d)
    return dq, dk, dv
