"""Check the parts of a transformer block, the block and its gradients on numbers that you can verify by hand."""

import math
from functools import partial

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_near, assert_parts, assert_shape, remade, task
from graders.checks.mismatch import Mismatch

close = partial(assert_close, scale=100.0, terms=4)  # up to rounding, in sums of a few numbers of at most this size

# layer normalisation: the row 1, 2, 3 has the variance 2/3, and the row 1, 3 has the variance 1
row = np.array([1.0, 2.0, 3.0])
root = math.sqrt(2 / 3 + 1e-5)  # 0.8165
z = np.array([-1.0, 0.0, 1.0]) / root  # ±1.2247
unit = 1 / math.sqrt(1 + 1e-5)  # 0.999995, the size of the features of 1, 3 after the normalisation

NORMS = ("ln1_gamma", "ln1_beta", "ln2_gamma", "ln2_beta")
ATTENTION = ("qkv_weight", "qkv_bias", "proj_weight", "proj_bias")
MLP = ("mlp_in_weight", "mlp_in_bias", "mlp_out_weight", "mlp_out_bias")


def gelu(x):
    """GELU of one number, to state what the tests expect."""
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def plain(features, hidden):
    """Return the parameters of a block whose weights and biases are all 0. It returns x."""
    params = {name: np.ones(features) if "gamma" in name else np.zeros(features) for name in NORMS}
    params |= {"qkv_weight": np.zeros((3 * features, features)), "qkv_bias": np.zeros(3 * features)}
    params |= {"proj_weight": np.zeros((features, features)), "proj_bias": np.zeros(features)}
    params |= {"mlp_in_weight": np.zeros((hidden, features)), "mlp_in_bias": np.zeros(hidden)}
    return params | {"mlp_out_weight": np.zeros((features, hidden)), "mlp_out_bias": np.zeros(features)}


def with_values(features, hidden):
    """Return the parameters of a block in which each token's values are its normalised features."""
    params = plain(features, hidden)
    params["qkv_weight"][2 * features :] = np.eye(features)
    params["proj_weight"][:] = np.eye(features)
    return params


def assert_output(kata, probes, x, params, n_heads, expected, dtype=np.float64):
    y, _ = assert_parts(kata.run(probes.output, x, params, n_heads), "y", "cache")
    close(y, expected, name="y", dtype=dtype)


def gradients_of(answer, names):
    """Return these gradients by name, with dx under the name "x"."""
    dx, gradients = assert_parts(answer, "dx", "gradients")
    if not isinstance(gradients, dict):
        raise Mismatch(f"gradients: expected a dict, got a {type(gradients).__name__}", None, gradients)
    for name in names:
        if name != "x" and name not in gradients:
            raise Mismatch(f"gradients: {name!r} is missing", name, sorted(map(str, gradients)))
    return {name: dx if name == "x" else gradients[name] for name in names}


def label(name):
    return "dx" if name == "x" else f"gradients[{name!r}]"


def assert_gradients(answer, expected, **options):
    for name, actual in gradients_of(answer, expected).items():
        close(actual, expected[name], name=label(name), **options)


@remade
def drawn():
    """Return a block's parameters, with weights that are not 0, its input x and the gradient dy of its output."""
    rng = np.random.default_rng(15)
    params = plain(4, 3)
    for name, array in params.items():
        array += rng.uniform(-1.0, 1.0, array.shape) * (0.5 if name in NORMS else 1.0)
    return params, rng.uniform(-2.0, 2.0, (2, 3, 4)), rng.uniform(-1.0, 1.0, (2, 3, 4))


@remade
def whole():
    """Return dy, x, params and gamma, with small whole numbers."""
    params, x = with_values(4, 3), np.arange(24.0).reshape(2, 3, 4) % 5
    params["mlp_in_weight"] += 0.5
    return 1 + x % 3, x, params, np.array([1.0, 2.0, 3.0, 4.0])


def assert_slopes(kata, probes, names, n_heads=2):
    """Compare gradients with the slopes of the loss, measured on the learner's own block."""
    params, x, dy = drawn()
    answer, measured = kata.run(probes.slopes, dy, x, params, n_heads, list(names))
    for name, actual in gradients_of(answer, names).items():
        with about(label(name)):
            assert_shape(actual, measured[name].shape)
        with about("compared with the slope of the loss (dy * y).sum(), where y comes from your block"):
            assert_near(actual, measured[name], absolute=1e-6, relative=1e-6, name=label(name))


@task("parts", title="exercise14: split_heads, merge_heads and attention")
def test_exercise14(kata, probes):
    x = np.arange(8.0).reshape(2, 4)
    split, merged = assert_parts(kata.run(probes.heads, np.stack([x, -x]), 2), "split_heads", "merge_heads")
    with about("exercise14: split_heads(x, 2)"):
        heads = np.array([[[0.0, 1.0], [4.0, 5.0]], [[2.0, 3.0], [6.0, 7.0]]])
        close(split, np.stack([heads, -heads]))
    with about("exercise14: merge_heads"):
        close(merged, np.stack([x, -x]))
    # the second query has the scores log 3 and 0 in head 1, and 0 and log 3 in head 2
    q = np.array([[[2.0, 0.0, 0.0, 0.0]] * 2, [[0.0, 2.0, 0.0, 0.0]] * 2])
    k = np.array([[[math.log(3), 0.0, 0.0, 0.0], [0.0, math.log(3), 0.0, 0.0]]] * 2)
    v = np.array([[[4.0, 0.0, 8.0, 0.0], [0.0, 4.0, 0.0, 4.0]]] * 2)
    y, weights = assert_parts(kata.run(probes.attention, q[None], k[None], v[None]), "y", "weights")
    with about("exercise14: attention(q, k, v) for one sequence and two heads"):
        expected = np.array([[[[1.0, 0.0], [0.75, 0.25]], [[1.0, 0.0], [0.25, 0.75]]]])
        close(weights, expected, name="weights")
        close(y, np.array([[[v[0, 0], [3.0, 1.0, 6.0, 1.0]], [v[0, 0], [1.0, 3.0, 2.0, 3.0]]]]), name="y")
    dy = np.zeros((1, 2, 2, 4))
    dy[0, :, 1, 0] = 1.0  # dweights = [4, 0], dscores = 3/4 [1, -1]
    answer = kata.run(probes.attention_gradient, dy, q[None], k[None], v[None], expected)
    with about("exercise14: attention_gradient(dy, q, k, v, weights)"):
        dq, dk, dv = assert_parts(answer, "dq", "dk", "dv")
        slope = 0.375 * math.log(3)
        close(dq, np.array([[[[0.0] * 4, [slope, -slope, 0.0, 0.0]]] * 2]), name="dq")
        close(dk, np.array([[[[0.75, 0, 0, 0], [-0.75, 0, 0, 0]], [[0, 0.75, 0, 0], [0, -0.75, 0, 0]]]]), name="dk")
        close(dv, expected[:, :, 1, :, None] * np.array([1.0, 0.0, 0.0, 0.0]), name="dv")


def assert_norm(actual, *expected, **options):
    names = ("dx", "dgamma", "dbeta")
    for name, part, reference in zip(names, assert_parts(actual, *names), expected, strict=True):
        close(part, reference, name=name, **options)


@task("norm", title="The worked example: the gradient of one row")
def test_the_gradient_of_one_row(kata):
    dy, dx = np.array([1.0, 0.0, 0.0]), (np.array([2.0, -1.0, -1.0]) - z[0] * z) / 3 / root
    assert_norm(kata.layer_norm_gradient(dy, row, np.ones(3)), dx, np.array([z[0], 0.0, 0.0]), dy)
    # with gamma, the gradient of z is gamma dy; dgamma and dbeta stay as they are
    assert_norm(kata.layer_norm_gradient(dy, row, np.array([2.0, 5.0, 7.0])), 2 * dx, np.array([z[0], 0.0, 0.0]), dy)


@task("norm", title="gamma and beta collect from all rows")
def test_gamma_and_beta_collect_from_all_rows(kata):
    gamma = np.array([2.0, 3.0, 4.0])
    dx = (np.array([4.0, -2.0, -2.0]) - 2 * z[0] * z) / 3 / root
    last = (np.array([-4.0, -4.0, 8.0]) - 4 * z[2] * z) / 3 / root
    x, dy = np.array([row, -row, row + 5]), np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    expected = np.array([dx, dx, last]), np.array([0.0, 0.0, z[2]]), np.array([2.0, 0.0, 1.0])
    assert_norm(kata.layer_norm_gradient(dy, x, gamma), *expected)
    two = np.stack([x, x]), np.stack([dy, 2 * dy])
    with about("two sequences"):
        sums = np.stack([expected[0], 2 * expected[0]]), 3 * expected[1], 3 * expected[2]
        assert_norm(kata.layer_norm_gradient(two[1], two[0], gamma), *sums)


@task("norm", title="eps belongs to the gradient, too")
def test_eps_belongs_to_the_gradient(kata):
    # the row 1, 3 has the variance 1; with eps = 3, the root is 2 and z = -1/2, 1/2
    answer = kata.layer_norm_gradient(np.array([1.0, 0.0]), np.array([1.0, 3.0]), np.ones(2), 3.0)
    assert_norm(answer, np.array([0.1875, -0.1875]), np.array([-0.5, 0.0]), np.array([1.0, 0.0]))


@task("gelu")
def test_gelu(kata):
    x = np.array([[1.0, -1.0, 0.0], [2.0, -3.0, 10.0]])  # 0.8412, -0.1588, 0; 1.9546, -0.0036, 10
    close(kata.gelu(x), np.array([[gelu(value) for value in values] for values in x]))
    close(kata.gelu(x[0]), np.array([gelu(1.0), gelu(-1.0), 0.0]))
    close(kata.gelu(x[0, 1:]), np.array([gelu(-1.0), 0.0]))  # nine digits of a small value
    close(kata.gelu(np.zeros((2, 1, 3))), np.zeros((2, 1, 3)))


@task("gelu")
def test_the_gradient_of_gelu(kata):
    t = math.tanh(math.sqrt(2 / math.pi) * 1.044715)
    at_one = (1 + t) / 2 + (1 - t * t) / 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715)  # 1.0830
    x, slopes = np.array([1.0, -1.0, 0.0, 10.0, -10.0]), np.array([at_one, 1 - at_one, 0.5, 1.0, 0.0])
    close(kata.gelu_gradient(np.ones(5), x), slopes)
    dy = np.array([[2.0, 0.0, -4.0, 1.0, 3.0], [1.0, -1.0, 1.0, -2.0, 0.0]])
    close(kata.gelu_gradient(dy, np.stack([x, x])), dy * slopes)


@task("block", title="The worked example: one token")
def test_the_worked_example(kata, probes):
    params = with_values(2, 2)
    x, middle = np.array([[3.0, 1.0]]), np.array([3 + unit, 1 - unit])
    assert_output(kata, probes, x, params, 1, middle[None])  # the MLP's weights are 0
    params["mlp_in_weight"][:] = params["mlp_out_weight"][:] = np.eye(2)
    size = (1 + unit) / math.sqrt((1 + unit) ** 2 + 1e-5)
    y = middle + np.array([gelu(size), gelu(-size)])  # 4.8412, -0.1588
    assert_output(kata, probes, x, params, 1, y[None])


@task("block", title="A block with weights of 0 returns x plus two biases")
def test_a_block_with_weights_of_0(kata, probes):
    params, x = plain(4, 5), np.arange(12.0).reshape(3, 4)
    assert_output(kata, probes, x, params, 2, x)
    params["proj_bias"] += [1.0, 0.0, 2.0, 0.0]
    params["mlp_out_bias"] += [0.0, 5.0, 3.0, 0.0]
    assert_output(kata, probes, x, params, 2, x + np.array([1.0, 5.0, 5.0, 0.0]))


@task("block", title="Scales, shifts and all biases")
def test_scales_shifts_and_biases(kata, probes):
    params, x = with_values(2, 3), np.array([[3.0, 1.0], [3.0, 1.0]])
    params["ln1_gamma"], params["ln1_beta"] = np.array([2.0, 3.0]), np.array([0.5, 0.25])
    params["qkv_bias"][4:] = 10.0, 20.0
    params["proj_weight"] = np.array([[0.0, 1.0], [2.0, 0.0]])
    values = np.array([2 * unit + 10.5, -3 * unit + 20.25])
    middle = np.array([3 + values[1], 1 + 2 * values[0]])  # 23.25, 26: the attention of equal tokens is their value
    assert_output(kata, probes, x, params, 1, np.array([middle, middle]))
    half = (middle[0] - middle[1]) / 2
    size = half / math.sqrt(half**2 + 1e-5)
    params["ln2_gamma"], params["ln2_beta"] = np.array([2.0, 1.0]), np.array([0.5, 0.0])
    params["mlp_in_weight"], params["mlp_in_bias"] = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.ones(3) / 4
    params["mlp_out_weight"], params["mlp_out_bias"] = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 3.0]]), np.array([7.0, 9])
    first, second, third = gelu(2 * size + 0.75), gelu(0.25 - size), gelu(size + 0.75)
    y = middle + np.array([first + 2 * third + 7, -second + 3 * third + 9])
    assert_output(kata, probes, x, params, 1, np.array([y, y]))


@task("block", title="Two tokens and two heads, for one sequence and for several")
def test_two_tokens_and_two_heads(kata, probes):
    # queries are (√2, 0) in head 1 and (-√2, 0) in head 2; keys and values are the normalised features
    params, x = with_values(4, 2), np.array([[3.0, 1.0, 3.0, 1.0], [1.0, 3.0, 1.0, 3.0]])
    params["qkv_bias"][[0, 2]] = math.sqrt(2), -math.sqrt(2)
    params["qkv_weight"][4:8] = np.eye(4)
    t = math.tanh(unit)  # 0.7616: the scores of token 2 are ±1, so its weights are 0.8808 and 0.1192
    first, second = unit * np.array([1, -1, 1, -1]), t * unit * np.array([1, -1, -1, 1])
    y = x + np.array([first, second])
    assert_output(kata, probes, x, params, 2, y)
    reversed_y = x[::-1] + np.array([-first, t * unit * np.array([1, -1, -1, 1])])
    assert_output(kata, probes, np.stack([x, x[::-1], x]), params, 2, np.stack([y, reversed_y, y]))


@task("gradient", title="The gradient of x")
def test_the_gradient_of_x(kata, probes):
    # with weights of 0, block returns x plus two biases, so their gradients are dy and its sum over the tokens
    params, x, dy = plain(4, 5), np.arange(12.0).reshape(3, 4) ** 2, np.arange(-4.0, 8.0).reshape(3, 4)
    answer = kata.run(probes.gradients, dy, x, params, 2)
    total = np.array([0.0, 3.0, 6.0, 9.0])
    assert_gradients(answer, {"x": dy, "proj_bias": total, "mlp_out_bias": total})
    assert_slopes(kata, probes, ["x"])


@task("gradient", title="The gradients of the MLP's parameters")
def test_the_gradients_of_the_mlp(kata, probes):
    assert_slopes(kata, probes, MLP)


@task("gradient", title="The gradients of the attention's parameters")
def test_the_gradients_of_the_attention(kata, probes):
    assert_slopes(kata, probes, ATTENTION)
    assert_slopes(kata, probes, ("proj_weight", "qkv_bias"), n_heads=1)


@task("gradient", title="The gradients of the layer norms' parameters")
def test_the_gradients_of_the_layer_norms(kata, probes):
    assert_slopes(kata, probes, NORMS)


@task("gradient", title="Two calls of block have two caches")
def test_two_calls_have_two_caches(kata, probes):
    params, other = with_values(2, 2), with_values(2, 2)
    params["mlp_in_weight"][:] = params["mlp_out_weight"][:] = np.eye(2)
    calls = [
        (np.ones((1, 2)), np.array([[3.0, 1.0]]), params),
        (np.ones((2, 2)), np.array([[1.0, 2.0], [5, 0]]), other),
    ]
    both = kata.run(probes.gradients_of_two_calls, *calls[0], *calls[1], 1)
    for number, (call, answer) in enumerate(zip(calls, assert_parts(both, "first", "second"), strict=True), start=1):
        with about(f"call {number} of 2, compared with the same call on its own"):
            names = ("x", *call[2])
            alone = gradients_of(kata.run(probes.gradients, *call, 1), names)
            for name, array in zip(names, (call[1], *call[2].values()), strict=True):
                assert_shape(alone[name], array.shape)
            assert_gradients(answer, alone)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("types")
def test_float32_stays_float32(kata, probes):
    single = {name: array.astype(np.float32) for name, array in with_values(2, 2).items()}
    x, dy = np.array([[3.0, 1.0]], dtype=np.float32), np.ones((1, 2), dtype=np.float32)
    close(kata.gelu(x), np.array([[gelu(3.0), gelu(1.0)]]), dtype=np.float32)
    close(kata.gelu_gradient(0 * dy, x), np.zeros((1, 2)), dtype=np.float32)
    assert_norm(kata.layer_norm_gradient(dy, x, dy[0]), 0 * x, np.array([unit, -unit]), dy[0], dtype=np.float32)
    with about("if the parts above are right, look at the task `types` of exercise14"):
        assert_output(kata, probes, x, single, 1, x + np.array([[unit, -unit]]), np.float32)
        answer = kata.run(probes.gradients, dy, x, single, 1)
        expected = {"x": dy, "mlp_out_bias": dy[0], "proj_bias": dy[0]}
        assert_gradients(answer, expected, dtype=np.float32)


@task("inputs")
def test_the_arguments_are_unchanged(kata, probes):
    arguments = [*whole()]
    with about("dy, x, params and gamma, after block, block_gradient, layer_norm_gradient, gelu and gelu_gradient"):
        assert_equal(kata.run(probes.arguments_after, *arguments[:3], 2, arguments[3]), arguments)
