# Everything in einsum
# independent
"""Everything is an einsum."""

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads

es = np.einsum


def _standardise(x, eps=1e-5):
    n = x.shape[-1]
    d = x - es("...i->...", x)[..., None] / n
    r = np.sqrt(es("...i,...i->...", d, d) / n + eps)
    return d / r[..., None], r


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    z, r = _standardise(x, eps)
    n = x.shape[-1]
    dz = es("...i,i->...i", dy, gamma)
    dx = dz - es("...i->...", dz)[..., None] / n - es("...i,...j,...j->...i", z, dz, z) / n
    flat_dy, flat_z = dy.reshape(-1, n), z.reshape(-1, n)
    return [dx / r[..., None], es("ti,ti->i", flat_dy, flat_z), es("ti->i", flat_dy)]


def _inner(x):
    return np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


def gelu(x):
    return 0.5 * x * (1 + _inner(x))


def gelu_gradient(dy, x):
    t = _inner(x)
    du = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du)


def _forward(x, w, b):
    return es("nti,oi->nto", x, w) + b


def _backward(dy, x, w):
    return es("nto,oi->nti", dy, w), es("nto,nti->oi", dy, x), es("nto->o", dy)


def block(x, params, n_heads):
    p = params
    shape = x.shape
    x = x.reshape((-1,) + shape[-2:])
    f = shape[-1]
    a = _standardise(x)[0] * p["ln1_gamma"] + p["ln1_beta"]
    qkv = _forward(a, p["qkv_weight"], p["qkv_bias"])
    q, k, v = (split_heads(qkv[..., i * f : (i + 1) * f], n_heads) for i in range(3))
    o, w = attention(q, k, v)
    h = merge_heads(o)
    m = x + _forward(h, p["proj_weight"], p["proj_bias"])
    c = _standardise(m)[0] * p["ln2_gamma"] + p["ln2_beta"]
    u = _forward(c, p["mlp_in_weight"], p["mlp_in_bias"])
    y = m + _forward(gelu(u), p["mlp_out_weight"], p["mlp_out_bias"])
    return y.reshape(shape), dict(x=x, a=a, q=q, k=k, v=v, w=w, h=h, m=m, c=c, u=u)


def block_gradient(dy, cache, params, n_heads):
    p, s, grad = params, cache, {}
    shape = dy.shape
    dy = dy.reshape((-1,) + shape[-2:])
    dg, grad["mlp_out_weight"], grad["mlp_out_bias"] = _backward(dy, gelu(s["u"]), p["mlp_out_weight"])
    dc, grad["mlp_in_weight"], grad["mlp_in_bias"] = _backward(gelu_gradient(dg, s["u"]), s["c"], p["mlp_in_weight"])
    dm, grad["ln2_gamma"], grad["ln2_beta"] = layer_norm_gradient(dc, s["m"], p["ln2_gamma"])
    dm = dm + dy
    dh, grad["proj_weight"], grad["proj_bias"] = _backward(dm, s["h"], p["proj_weight"])
    dqkv = np.concatenate(
        [merge_heads(d) for d in attention_gradient(split_heads(dh, n_heads), s["q"], s["k"], s["v"], s["w"])], axis=-1
    )
    da, grad["qkv_weight"], grad["qkv_bias"] = _backward(dqkv, s["a"], p["qkv_weight"])
    dx, grad["ln1_gamma"], grad["ln1_beta"] = layer_norm_gradient(da, s["x"], p["ln1_gamma"])
    return (dx + dm).reshape(shape), grad
