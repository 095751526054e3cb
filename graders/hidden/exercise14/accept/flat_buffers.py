# Flat buffers, offsets and running totals, as in C.
# independent
from math import exp, sqrt

import numpy as np


def product(numbers):
    n = 1
    for number in numbers:
        n *= number
    return n


def split_heads(x, n_heads):
    shape = x.shape
    n_texts = product(shape[:-2])
    n_tokens = shape[-2]
    n_features = shape[-1]
    d = n_features // n_heads
    src = x.ravel()
    dst = np.empty(src.size, dtype=x.dtype)
    p = 0
    for b in range(n_texts):
        for h in range(n_heads):
            for t in range(n_tokens):
                for c in range(d):
                    dst[p] = src[(b * n_tokens + t) * n_features + h * d + c]
                    p += 1
    return dst.reshape(shape[:-2] + (n_heads, n_tokens, d))


def merge_heads(x):
    shape = x.shape
    n_texts = product(shape[:-3])
    n_heads, n_tokens, d = shape[-3:]
    src = x.ravel()
    dst = np.empty(src.size, dtype=x.dtype)
    p = 0
    for b in range(n_texts):
        for t in range(n_tokens):
            for h in range(n_heads):
                for c in range(d):
                    dst[p] = src[((b * n_heads + h) * n_tokens + t) * d + c]
                    p += 1
    return dst.reshape(shape[:-3] + (n_tokens, n_heads * d))


def attention(q, k, v, causal=True):
    lead = q.shape[:-2]
    n_blocks = product(lead)
    n, d = q.shape[-2], q.shape[-1]
    m = k.shape[-2]
    Q, K, V = q.ravel(), k.ravel(), v.ravel()
    y = np.zeros(n_blocks * n * d)
    w = np.zeros(n_blocks * n * m)
    scale = 1.0 / sqrt(d)
    for b in range(n_blocks):
        for i in range(n):
            end = i + 1 if causal else m
            row = (b * n + i) * m
            biggest = -1e300
            for j in range(end):
                s = 0.0
                for c in range(d):
                    s += float(Q[(b * n + i) * d + c]) * float(K[(b * m + j) * d + c])
                s *= scale
                w[row + j] = s
                if s > biggest:
                    biggest = s
            total = 0.0
            for j in range(end):
                w[row + j] = exp(w[row + j] - biggest)
                total += w[row + j]
            for j in range(end):
                w[row + j] /= total
                for c in range(d):
                    y[(b * n + i) * d + c] += w[row + j] * V[(b * m + j) * d + c]
    return y.reshape(lead + (n, d)), w.reshape(lead + (n, m))


def attention_gradient(dy, q, k, v, weights, causal=True):
    n_blocks = product(q.shape[:-2])
    n, d = q.shape[-2], q.shape[-1]
    m = k.shape[-2]
    DY, Q, K, V, W = dy.ravel(), q.ravel(), k.ravel(), v.ravel(), weights.ravel()
    dq, dk, dv = np.zeros(Q.size), np.zeros(K.size), np.zeros(V.size)
    dw = np.zeros(m)
    scale = 1.0 / sqrt(d)
    for b in range(n_blocks):
        for i in range(n):
            end = i + 1 if causal else m
            iq = (b * n + i) * d
            row = (b * n + i) * m
            total = 0.0
            for j in range(end):
                jk = (b * m + j) * d
                dw[j] = 0.0
                for c in range(d):
                    dw[j] += DY[iq + c] * V[jk + c]
                    dv[jk + c] += W[row + j] * DY[iq + c]
                total += W[row + j] * dw[j]
            for j in range(end):
                jk = (b * m + j) * d
                ds = W[row + j] * (dw[j] - total) * scale
                for c in range(d):
                    dq[iq + c] += ds * K[jk + c]
                    dk[jk + c] += ds * Q[iq + c]
    return dq.reshape(q.shape), dk.reshape(k.shape), dv.reshape(v.shape)
