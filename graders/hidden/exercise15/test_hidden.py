"""Compare a transformer block and its gradients with the same block in PyTorch, and with torch.autograd.

The tolerances are derived as follows. All errors are relative to eps.

- layer_norm_gradient: with s = sqrt(variance + eps), κ = rms(x) / s (the condition number of the normalisation) and
  D = |gamma dy| + mean |gamma dy| + |z| mean |z gamma dy|, the error of dx is at most c n (1 + |z|) D κ / s for n
  features. dgamma and dbeta are sums over m rows of |dy| (|z| + κ) and |dy|.
- gelu: tanh(u) has an error of a few eps. Its slope times u is less than 1, as is (1 - tanh²(u)) u². So the error is
  at most c |x| for gelu and c |dy| (1 + |x|) for its gradient.
- block: run on magnitudes instead of numbers, the steps give a bound M for the sum of the magnitudes in y. Two norms
  multiply relative errors by at most κ1 and κ2, and the softmax by 1 + S, for a largest score S. So the error is at
  most c t M κ1 κ2 (1 + S), for t = features + hidden + tokens terms.
- block_gradient: the way back takes the same steps, and each gradient is a sum of r products, one for each token. The
  error is at most c (t + r) G κ1² κ2² (1 + S), where G is the largest magnitude of all gradients.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, cases, task
from graders.checks.mismatch import Mismatch

NORMS = ("ln1_gamma", "ln1_beta", "ln2_gamma", "ln2_beta")
ATTENTION = ("qkv_weight", "qkv_bias", "proj_weight", "proj_bias")
MLP = ("mlp_in_weight", "mlp_in_bias", "mlp_out_weight", "mlp_out_bias")
LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def normalised(x, eps=1e-5):
    """Return |z|, the condition number and the root of each row."""
    root = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    z = abs(x - x.mean(axis=-1, keepdims=True)) / root
    return z, 1 + np.sqrt((x**2).mean(axis=-1, keepdims=True)) / root, root


def assert_norm(actual, dy, x, gamma, *eps, dtype=np.float64):
    dy, x, gamma = (a.astype(np.float64) for a in (dy, x, gamma))
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, gamma, np.zeros(gamma.shape))]
    y = F.layer_norm(leaves[0], gamma.shape, *leaves[1:], *eps)
    expected = torch.autograd.grad((y * torch.tensor(dy)).sum(), leaves)
    z, condition, root = normalised(x, *eps)
    dz, axes = abs(gamma * dy), tuple(range(x.ndim - 1))
    total = dz + dz.mean(axis=-1, keepdims=True) + z * (z * dz).mean(axis=-1, keepdims=True)
    scales = total * (1 + z) * condition / root, (abs(dy) * (z + condition)).sum(axis=axes), abs(dy).sum(axis=axes)
    terms = x.shape[-1] + x[..., 0].size
    names = ("dx", "dgamma", "dbeta")
    for name, part, reference, scale in zip(names, assert_parts(actual, *names), expected, scales, strict=True):
        assert_close(part, reference, scale=scale, terms=terms, dtype=dtype, name=name)


def torch_block(x, p, n_heads, observed):
    """Return the block's y, and note what the tolerance depends on."""
    features = x.shape[-1]
    normed = F.layer_norm(x, (features,), p["ln1_gamma"], p["ln1_beta"])
    parts = F.linear(normed, p["qkv_weight"], p["qkv_bias"]).chunk(3, dim=-1)
    q, k, v = (part.unflatten(-1, (n_heads, -1)).transpose(-3, -2) for part in parts)
    merged = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(-3, -2).flatten(-2)
    middle = x + F.linear(merged, p["proj_weight"], p["proj_bias"])
    hidden = F.linear(
        F.layer_norm(middle, (features,), p["ln2_gamma"], p["ln2_beta"]), p["mlp_in_weight"], p["mlp_in_bias"]
    )
    observed |= {"middle": middle.detach().numpy(), "v": abs(v).max().item()}
    observed["score"] = (abs(q) @ abs(k).mT).max().item() / np.sqrt(q.shape[-1])
    return middle + F.linear(F.gelu(hidden, approximate="tanh"), p["mlp_out_weight"], p["mlp_out_bias"])


class Reference:
    """The block's y and gradients in PyTorch, and the scales of their errors."""

    def __init__(self, dy, x, params, n_heads):
        self.x = x
        arrays = {"x": x, **params}
        leaves = {name: torch.tensor(a, dtype=torch.float64, requires_grad=True) for name, a in arrays.items()}
        observed = {}
        y = torch_block(leaves["x"], leaves, n_heads, observed)
        self.y = y.detach().numpy()
        slopes = torch.autograd.grad((y * torch.tensor(dy, dtype=torch.float64)).sum(), list(leaves.values()))
        self.gradients = {name: slope.numpy() for name, slope in zip(leaves, slopes, strict=True)}
        self.terms = x.shape[-1] + x.shape[-2] + len(params["mlp_in_bias"])
        self.rows = x[..., 0].size
        _, first, _ = normalised(x.astype(np.float64))
        _, second, _ = normalised(observed["middle"])
        p = {name: abs(a.astype(np.float64)) for name, a in params.items()}
        middle = abs(x) + observed["v"] * p["proj_weight"].sum(axis=-1) + p["proj_bias"]
        normed = np.sqrt(x.shape[-1]) * p["ln2_gamma"] + p["ln2_beta"]
        hidden = p["mlp_in_weight"] @ normed + p["mlp_in_bias"]
        magnitude = middle + p["mlp_out_weight"] @ hidden + p["mlp_out_bias"]
        growth = first.max() * second.max()
        self.scale = magnitude * growth * (1 + observed["score"])
        largest = max(abs(slope).max() for slope in self.gradients.values())
        self.gradient_scale = largest * growth**2 * (1 + observed["score"])

    def check(self, answer, dtype=np.float64):
        y, _ = assert_parts(answer, "y", "cache")
        assert_close(y, self.y, scale=self.scale, terms=self.terms, dtype=dtype, name="y")

    def check_gradients(self, answer, names, dtype=np.float64):
        dx, gradients = assert_parts(answer, "dx", "gradients")
        if not isinstance(gradients, dict):
            raise Mismatch(f"gradients: expected a dict, got a {type(gradients).__name__}", None, gradients)
        for name in names:
            if name != "x" and name not in gradients:
                raise Mismatch(f"gradients: {name!r} is missing", name, sorted(map(str, gradients)))
            actual, label = (dx, "dx") if name == "x" else (gradients[name], f"gradients[{name!r}]")
            scale, terms = self.gradient_scale, self.terms + self.rows
            assert_close(actual, self.gradients[name], scale=scale, terms=terms, dtype=dtype, name=label)


def rows(draw):
    """Draw dy, x and gamma of a layer norm with none to two axes in front of the features."""
    n, tokens, features = draw.sizes("n tokens features", low=3, high=6)
    features = {4: 60, 5: 2}.get(draw.case, features)
    shape = ((tokens, features), (n, tokens, features), (features,), (1, features))[draw.case % 4]
    x = draw.normal(*shape, scale=(1.0, 30.0, 0.1)[draw.case % 3]) + draw.normal()
    return draw.normal(*shape), x, draw.normal(features)


def assert_gelu(kata, dy, x):
    """Check gelu and gelu_gradient, also for their dtype, which is that of x."""
    leaf = torch.tensor(x, requires_grad=True)
    y = F.gelu(leaf, approximate="tanh")
    (expected,) = torch.autograd.grad((y * torch.tensor(dy)).sum(), [leaf])
    assert_close(kata.gelu(x), y, scale=abs(x), dtype=x.dtype)
    assert_close(kata.gelu_gradient(dy, x), expected, scale=abs(dy) * (1 + abs(x)), dtype=x.dtype)


def draw_block(draw, case=None):
    """Draw dy, x, params and the number of heads. The biases, scales and shifts are all different from 0 and 1."""
    case = draw.case if case is None else case
    n, tokens, hidden, size = draw.sizes("n tokens hidden size", low=2, high=5)
    heads = (2, 3, 1, 4)[case % 4]
    tokens, size = {4: (1, size), 6: (tokens, 4), 7: (12, 2)}.get(case, (tokens, size))
    features = heads * max(size, 4 // heads)
    shape = (tokens, features) if case % 3 == 1 else (n, tokens, features)
    params = {}
    for name, sizes in {
        "qkv": (3 * features, features),
        "proj": (features, features),
        "mlp_in": (hidden, features),
        "mlp_out": (features, hidden),
    }.items():
        params[f"{name}_weight"] = draw.normal(*sizes, scale=0.5)
        params[f"{name}_bias"] = draw.normal(sizes[0])
    for name in NORMS:
        params[name] = draw.normal(features, scale=0.3) + (1.0 if "gamma" in name else 0.0)
    return draw.normal(*shape), (1.0, 3.0)[case % 2] * draw.normal(*shape) + draw.normal(), params, heads


@task("parts", title="exercise14: its functions, on fresh numbers")
@cases(4)
def test_exercise14(kata, draw, probes):
    n, heads, tokens, size = draw.sizes("n heads tokens size", low=2, high=4)
    dy, q, k, v = (draw.normal(n, heads, tokens, size) for _ in range(4))
    x = draw.normal(n, tokens, heads * size)
    split, merged = assert_parts(kata.run(probes.heads, x, int(heads)), "split_heads", "merge_heads")
    with about("exercise14: split_heads(x, n_heads)"):
        assert_close(split, x.reshape(n, tokens, heads, size).swapaxes(1, 2))
    with about("exercise14: merge_heads"):
        assert_close(merged, x)
    leaves = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    y = F.scaled_dot_product_attention(*leaves, is_causal=True)
    expected = torch.autograd.grad((y * torch.tensor(dy)).sum(), leaves)
    w = F.scaled_dot_product_attention(*leaves[:2], torch.eye(tokens, dtype=torch.float64), is_causal=True)
    score = 1 + (abs(q) @ abs(k).swapaxes(-2, -1)).max()  # the error of a weight; the sums below are at most this long
    terms, biggest = size + tokens, tokens * size * max(1, *(abs(a).max() for a in (dy, q, k, v))) ** 3
    answer, weights = assert_parts(kata.run(probes.attention, q, k, v), "y", "weights")
    with about("exercise14: attention(q, k, v)"):
        assert_close(weights, w, scale=score, terms=terms, name="weights")
        assert_close(answer, y, scale=score * biggest, terms=terms, name="y")
    answer = kata.run(probes.attention_gradient, dy, q, k, v, w.detach().numpy())
    with about("exercise14: attention_gradient(dy, q, k, v, weights)"):
        names = ("dq", "dk", "dv")
        for name, part, reference in zip(names, assert_parts(answer, *names), expected, strict=True):
            assert_close(part, reference, scale=score * biggest, terms=terms, name=name)


@task("norm", title="The gradients of layer normalisation")
@cases(20)
def test_the_gradients_of_layer_normalisation(kata, draw):
    dy, x, gamma = rows(draw)
    eps = ((), (1e-5,), (0.5,), (1e-3,))[draw.case // 4 % 4]  # 1e-5 is the default
    assert_norm(kata.layer_norm_gradient(dy, x, gamma, *eps), dy, x, gamma, *eps)


@task("gelu", title="GELU and its gradient")
@cases(12)
def test_gelu_and_its_gradient(kata, draw):
    shape = draw.sizes("a b c", low=1, high=6)[: 1 + draw.case % 3]
    x, dy = draw.normal(*shape, scale=(1.0, 0.1, 5.0, 40.0)[draw.case % 4]), draw.normal(*shape)
    x.flat[0], dy.flat[0] = abs(x.flat[0]), 1.0  # so that the largest slope isn't one of the tail, where digits cancel
    assert_gelu(kata, dy, x)


@task("block", title="The block's output")
@cases(16)
def test_the_output_of_the_block(kata, draw, probes):
    dy, x, params, n_heads = draw_block(draw)
    Reference(dy, x, params, n_heads).check(kata.run(probes.output, x, params, n_heads))


@task("block", title="A later token doesn't change an earlier output")
@cases(4)
def test_a_later_token_does_not_change_an_earlier_output(kata, draw, probes):
    _, x, params, n_heads = draw_block(draw, case=3)
    later = draw.integers(1, x.shape[-2])
    changed = np.concatenate([x[:, :later], 1 - x[:, later:]], axis=1)
    reference = Reference(x, changed, params, n_heads)
    reference.check(kata.run(probes.output, changed, params, n_heads))
    before, _ = assert_parts(kata.run(probes.output, x, params, n_heads), "y", "cache")
    with about(f"the first tokens' y ({int(later)} of {x.shape[-2]}), before the tokens behind them have changed"):
        scale = np.broadcast_to(reference.scale, x.shape)[:, :later]
        assert_close(before[:, :later], reference.y[:, :later], scale=scale, terms=reference.terms)


def check_gradients(kata, draw, probes, names):
    dy, x, params, n_heads = draw_block(draw)
    reference = Reference(dy, x, params, n_heads)
    for _ in range(1 + (draw.case == 0)):  # the second time, nothing of the first may be added
        reference.check_gradients(kata.run(probes.gradients, dy, x, params, n_heads), names)


@task("gradient", title="The gradient of x")
@cases(10)
def test_the_gradient_of_x(kata, draw, probes):
    check_gradients(kata, draw, probes, ["x"])


@task("gradient", title="The gradients of the MLP's parameters")
@cases(10)
def test_the_gradients_of_the_mlp(kata, draw, probes):
    check_gradients(kata, draw, probes, MLP)


@task("gradient", title="The gradients of the attention's parameters")
@cases(10)
def test_the_gradients_of_the_attention(kata, draw, probes):
    check_gradients(kata, draw, probes, ATTENTION)


@task("gradient", title="The gradients of the layer norms' parameters")
@cases(10)
def test_the_gradients_of_the_layer_norms(kata, draw, probes):
    check_gradients(kata, draw, probes, NORMS)


@task("gradient", title="Two calls of block have two caches")
@cases(4)
def test_two_calls_have_two_caches(kata, draw, probes):
    first, second = draw_block(draw, case=1), draw_block(draw, case=5 if draw.case % 2 else 1)
    if draw.case == 2:  # equal shapes, so that gradients of the first call can be added to those of the second
        second = -first[0], 2.0 * first[1], *first[2:]
    answers = kata.run(probes.gradients_of_two_calls, *first[:3], *second[:3], first[3])
    for number, (call, answer) in enumerate(
        zip((first, second), assert_parts(answers, "first", "second"), strict=True)
    ):
        with about(f"call {number + 1} of 2"):
            Reference(*call[:3], first[3]).check_gradients(answer, ("x", *NORMS, *ATTENTION, *MLP))


@task("types")
@cases(6)
def test_float32_stays_float32(kata, draw, probes):
    dy, x, gamma = (a.astype(np.float32) for a in rows(draw))
    assert_norm(kata.layer_norm_gradient(dy, x, gamma), dy, x, gamma, dtype=np.float32)
    assert_gelu(kata, dy, x)
    dy, x, params, n_heads = draw_block(draw)
    dy, x, params = dy.astype(np.float32), x.astype(np.float32), {k: a.astype(np.float32) for k, a in params.items()}
    reference = Reference(dy, x, params, n_heads)
    with about("if the parts above are right, look at the task `types` of exercise14"):
        reference.check(kata.run(probes.output, x, params, n_heads), np.float32)
        names = ("x", *NORMS, *ATTENTION, *MLP)
        for _ in range(2):  # the second call has the same shapes
            reference.check_gradients(kata.run(probes.gradients, dy, x, params, n_heads), names, np.float32)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(4)
def test_any_memory_layout_works_and_stays_as_it_was(kata, draw, probes):
    dy, x, gamma = rows(draw)
    answer, *after = kata.run(probes.call_with_layout, "layer_norm_gradient", LAYOUTS[draw.case], dy, x, gamma)
    assert_norm(answer, dy, x, gamma)
    for name, array, before in zip(("dy", "x", "gamma"), after, (dy, x, gamma), strict=True):
        with about(f"{name}, after layer_norm_gradient"):
            assert_equal(array, before)
    dy, x, params, n_heads = draw_block(draw)
    after = kata.run(probes.arguments_after, dy, x, params, n_heads, params["ln1_gamma"])
    names = ("dy", "x", "params", "gamma")
    for name, array, before in zip(names, after, (dy, x, params, params["ln1_gamma"]), strict=True):
        with about(f"{name}, after block, block_gradient, layer_norm_gradient, gelu and gelu_gradient"):
            assert_equal(array, before)
