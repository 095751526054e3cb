# Short names, few lines
# independent
import numpy as np
import training
from attention import merge_heads as mh, split_heads as sh
from layer_norm import layer_norm as ln
from optimizers import adamw, clip_by_norm
from softmax_cross_entropy import cross_entropy, softmax
from training import arranged_like, arrays_of
from transformer_block import block, block_gradient, gelu, layer_norm_gradient
from words import embed_gradient
from writing import attend_with_cache


def forward(P, ids, h):
    x, cs = P["tokens"][ids] + P["positions"][: ids.shape[1]], []
    for b in P["blocks"]:
        x, c = block(x, b, h)
        cs += [c]
    y = ln(x, P["gamma"], P["beta"])
    return y @ P["tokens"].T, (x, y, cs)


def loss_and_gradients(P, ids, t, h):
    l, (x, y, cs) = forward(P, ids, h)
    E, (n, T, V) = P["tokens"], l.shape
    d = (softmax(l) - np.eye(V, dtype=l.dtype)[t]) / t.size
    dx, dg, db = layer_norm_gradient(d @ E, x, P["gamma"])
    B = []
    for b, c in zip(P["blocks"][::-1], cs[::-1]):
        dx, g = block_gradient(dx, c, b, h)
        B = [g] + B
    dp = np.zeros_like(P["positions"])
    dp[:T] = dx.sum(0)
    dE = d.reshape(-1, V).T @ y.reshape(n * T, -1) + embed_gradient(dx, ids, V)
    return cross_entropy(l.reshape(-1, V), t.ravel()), dict(tokens=dE, positions=dp, blocks=B, gamma=dg, beta=db)


def train_step(P, s, ids, t, h, lr):
    loss, G = loss_and_gradients(P, ids, t, h)
    A = arrays_of(P)
    A, s = zip(*map(lambda a, g, z: adamw(a, g, z, lr), A, clip_by_norm(arrays_of(G), 1.0)[0], s or [None] * len(A)))
    return arranged_like(P, A), s, loss


def next_logits(P, ids, cache, h):
    t, *old = cache or (0, *[None] * len(P["blocks"]))
    x, new = P["tokens"][ids] + P["positions"][t : t + len(ids)], []
    for p, c in zip(P["blocks"], old):
        lin = lambda z, w: z @ p[w + "_weight"].T + p[w + "_bias"]
        y, c = attend_with_cache(*np.split(sh(lin(ln(x, p["ln1_gamma"], p["ln1_beta"]), "qkv"), 3 * h), 3), c)
        x = x + lin(mh(y), "proj")
        x = x + lin(gelu(lin(ln(x, p["ln2_gamma"], p["ln2_beta"]), "mlp_in")), "mlp_out")
        new += [c]
    return ln(x, P["gamma"], P["beta"]) @ P["tokens"].T, (t + len(ids), *new)


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)
