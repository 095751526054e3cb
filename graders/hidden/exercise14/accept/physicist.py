# Indices as in a textbook of physics: Boltzmann factors, a partition function, one query at a time.
# independent
import numpy as np


def split_heads(x, n_heads):
    lead = x.shape[:-2]
    N, F = x.shape[-2:]
    D = F // n_heads
    out = np.zeros(lead + (n_heads, N, D))
    for h in range(n_heads):
        for a in range(D):
            out[..., h, :, a] = x[..., :, h * D + a]
    return out


def merge_heads(x):
    lead = x.shape[:-3]
    H, N, D = x.shape[-3:]
    out = np.zeros(lead + (N, H * D))
    for h in range(H):
        for a in range(D):
            out[..., :, h * D + a] = x[..., h, :, a]
    return out


def attention(q, k, v, causal=True):
    lead = q.shape[:-2]
    N, d = q.shape[-2:]
    M = k.shape[-2]
    Q = q.reshape(-1, N, d)
    K = k.reshape(-1, M, d)
    V = v.reshape(-1, M, d)
    Y = np.zeros((len(Q), N, d))
    W = np.zeros((len(Q), N, M))
    for b in range(len(Q)):
        for i in range(N):
            last = i + 1 if causal else M
            Z = 0.0
            for j in range(last):
                W[b, i, j] = np.exp(np.dot(Q[b, i], K[b, j]) / np.sqrt(d))
                Z += W[b, i, j]
            for j in range(last):
                W[b, i, j] /= Z
                Y[b, i] += W[b, i, j] * V[b, j]
    return Y.reshape(lead + (N, d)), W.reshape(lead + (N, M))


def attention_gradient(dy, q, k, v, weights, causal=True):
    N, d = q.shape[-2:]
    M = k.shape[-2]
    Q, DY = q.reshape(-1, N, d), dy.reshape(-1, N, d)
    K, V = k.reshape(-1, M, d), v.reshape(-1, M, d)
    W = weights.reshape(-1, N, M)
    dQ, dK, dV = np.zeros(Q.shape), np.zeros(K.shape), np.zeros(V.shape)
    for b in range(len(Q)):
        for i in range(N):
            dw = np.zeros(M)
            mean = 0.0
            for j in range(M):
                dw[j] = np.dot(DY[b, i], V[b, j])
                mean += W[b, i, j] * dw[j]
                dV[b, j] += W[b, i, j] * DY[b, i]
            for j in range(M):
                ds = W[b, i, j] * (dw[j] - mean) / np.sqrt(d)
                dQ[b, i] += ds * K[b, j]
                dK[b, j] += ds * Q[b, i]
    return dQ.reshape(q.shape), dK.reshape(k.shape), dV.reshape(v.shape)
