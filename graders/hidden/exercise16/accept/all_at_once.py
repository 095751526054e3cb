# The products with x are computed for all tokens at once, and so are the weights' gradients; einsum.
import numpy as np
from numpy import einsum


def activate(z):
    gates = z.reshape(*z.shape[:-1], 4, -1)
    squashed = np.tanh(gates / np.array([2, 2, 1, 2], dtype=z.dtype)[:, None])
    squashed[..., [0, 1, 3], :] = (squashed[..., [0, 1, 3], :] + 1) / 2
    return squashed


def lstm_cell(x, h, c, W_x, W_h, b):
    i, f, g, o = np.moveaxis(activate(x @ W_x.T + h @ W_h.T + b), -2, 0)
    c = i * g + f * c
    return np.tanh(c) * o, c


def lstm(x, h0, c0, W_x, W_h, b):
    from_x = einsum("tnf,zf->tnz", x, W_x) + b
    hs, cs, gates = [h0], [c0], []
    for part in from_x:
        gates.append(activate(part + einsum("nh,zh->nz", hs[-1], W_h)))
        cs.append(gates[-1][:, 1] * cs[-1] + gates[-1][:, 0] * gates[-1][:, 2])
        hs.append(gates[-1][:, 3] * np.tanh(cs[-1]))
    hs, cs = np.stack(hs), np.stack(cs)
    return hs[1:], hs[-1], cs[-1], (x, hs[:-1].copy(), cs, np.stack(gates))


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    x, h_before, cs, gates = cache
    i, f, g, o = np.moveaxis(gates, 2, 0)
    t = np.tanh(cs[1:])
    dz = np.empty((*gates.shape[:2], 4 * dh.shape[1]), dtype=dh.dtype)
    for k in range(len(x) - 1, -1, -1):
        dh = dh + doutputs[k]
        dc = dc + o[k] * dh * (1 - t[k]) * (1 + t[k])
        local = np.stack(
            [
                g[k] * i[k] * (1 - i[k]) * dc,
                cs[k] * f[k] * (1 - f[k]) * dc,
                i[k] * (1 - g[k] * g[k]) * dc,
                t[k] * o[k] * (1 - o[k]) * dh,
            ],
            axis=1,
        )
        dz[k] = local.reshape(len(dh), -1)
        dh, dc = einsum("nz,zh->nh", dz[k], W_h), f[k] * dc
    dx = einsum("tnz,zf->tnf", dz, W_x)
    return dx, dh, dc, einsum("tnz,tnf->zf", dz, x), einsum("tnz,tnh->zh", dz, h_before), dz.sum(axis=(0, 1))
