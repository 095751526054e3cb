# As short as possible
# independent
import numpy as np
from attention import attention as A, attention_gradient as B, merge_heads as M, split_heads as S

e, K = 1e-5, (2 / np.pi) ** 0.5
mu = lambda x: x.mean(-1, keepdims=True)
T = lambda x: np.tanh(K * (x + 0.044715 * x**3))
L = lambda x, g, b: (x - mu(x)) / (x.var(-1, keepdims=True) + e) ** 0.5 * g + b
R = lambda x: x.reshape(-1, x.shape[-1])
gelu = lambda x: x / 2 * (1 + T(x))
gelu_gradient = lambda d, x: d / 2 * (1 + T(x) + x * (1 - T(x) ** 2) * K * (1 + 0.134145 * x * x))


def layer_norm_gradient(d, x, g, eps=e):
    r = (x.var(-1, keepdims=True) + eps) ** 0.5
    z, w = (x - mu(x)) / r, d * g
    return (w - mu(w) - z * mu(w * z)) / r, R(d * z).sum(0), R(d).sum(0)


def F(x, p, n):
    a = L(x, p["ln1_gamma"], p["ln1_beta"])
    q = [S(t, n) for t in np.split(a @ p["qkv_weight"].T + p["qkv_bias"], 3, -1)]
    o, w = A(*q)
    m = x + (h := M(o)) @ p["proj_weight"].T + p["proj_bias"]
    c = L(m, p["ln2_gamma"], p["ln2_beta"])
    u = c @ p["mlp_in_weight"].T + p["mlp_in_bias"]
    return m + (g := gelu(u)) @ p["mlp_out_weight"].T + p["mlp_out_bias"], a, q, w, h, m, c, u, g


block = lambda x, params, n_heads: (F(x, params, n_heads)[0], x)  # the cache is x: everything else is computed again


def block_gradient(d, x, p, n):
    G = {}
    _, a, q, w, h, m, c, u, g = F(x, p, n)

    def b(d, x, k):
        G[k + "_weight"], G[k + "_bias"] = R(d).T @ R(x), R(d).sum(0)
        return d @ p[k + "_weight"]

    def l(d, x, k):
        r, G[k + "_gamma"], G[k + "_beta"] = layer_norm_gradient(d, x, p[k + "_gamma"])
        return r

    m_ = d + l(b(gelu_gradient(b(d, g, "mlp_out"), u), c, "mlp_in"), m, "ln2")
    t = B(S(b(m_, h, "proj"), n), *q, w)
    return m_ + l(b(np.concatenate([*map(M, t)], -1), a, "qkv"), x, "ln1"), G
