"""Check the LSTM on numbers that you can verify with a pocket calculator, and its gradient by small differences."""

from functools import partial
from math import log, tanh

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_near, assert_parts, assert_shape, task

# the worked example: one sequence, one feature, one hidden unit. sigmoid(ln 3) = 3/4, tanh(ln 2) = 3/5, …
WEIGHTS = np.array([[log(3)], [0.0], [log(2)], [log(4)]])  # for x = 1: i = 0.75, f = 0.5, g = 0.6, o = 0.8
NONE, NO_BIAS = np.zeros((4, 1)), np.zeros(4)
ZERO, ONE, HALF = np.array([[0.0]]), np.array([[1.0]]), np.array([[0.5]])
H1, C1 = 0.8 * tanh(0.7), 0.7  # after the token 1; c = 0.5 * 0.5 + 0.75 * 0.6
H2, C2 = 0.5 * tanh(0.35), 0.35  # after another token, 0

NAMES = ("dx", "dh0", "dc0", "dW_x", "dW_h", "db")
close = partial(assert_close, scale=2.0, terms=10)  # up to rounding, in a few steps with numbers of about this size


def check_state(answer, h, c):
    for name, actual, expected in zip("hc", assert_parts(answer, "h", "c"), (h, c), strict=True):
        close(actual, np.array(expected), name=name)


def parts(answer, *names):
    """Return the elements of an answer, if lstm returned four elements."""
    if type(answer) is dict and "lstm" in answer:
        assert_parts(answer["lstm"], "outputs", "h", "c", "cache")
    if type(answer) is dict and "lstm_gradient" in answer:
        assert_parts(answer["lstm_gradient"], *NAMES)
    return assert_parts(answer, *names)


def check_outputs(answer, outputs, h, c):
    for name, actual, expected in zip(
        ("outputs", "h", "c"), parts(answer, "outputs", "h", "c"), (outputs, h, c), strict=True
    ):
        close(actual, np.array(expected), name=name)


@task("cell")
def test_the_worked_example_of_lstm_cell(kata):
    check_state(kata.lstm_cell(ONE, ZERO, HALF, WEIGHTS, NONE, NO_BIAS), [[H1]], [[C1]])
    check_state(kata.lstm_cell(ZERO, H1 * ONE, C1 * ONE, WEIGHTS, NONE, NO_BIAS), [[H2]], [[C2]])


@task("cell", title="The weights for x, the weights for h and the bias add up")
def test_x_h_and_the_bias_add_up(kata):
    check_state(kata.lstm_cell(ZERO, ONE, HALF, NONE, WEIGHTS, NO_BIAS), [[H1]], [[C1]])
    check_state(kata.lstm_cell(ZERO, ZERO, HALF, NONE, NONE, WEIGHTS[:, 0]), [[H1]], [[C1]])
    actual = kata.lstm_cell(2 * ONE, -1 * ONE, HALF, 0.75 * WEIGHTS, 1.5 * WEIGHTS, WEIGHTS[:, 0])
    check_state(actual, [[H1]], [[C1]])  # 1.5 - 1.5 + 1 = 1


@task("cell", title="Two hidden units, three features, two sequences")
def test_two_hidden_units(kata):
    # unit 1 has i, f, g, o as in the worked example for the feature 1; unit 2 has 0.5, 0.8, -0.6, 0.75
    columns = [log(3), 0, 0, log(4), log(2), -log(2), log(4), log(3)]
    W_x = np.array([[each, 0.0, 2 * each] for each in columns])
    x, c = np.array([[1.0, 7.0, 0.0], [0.0, -2.0, 0.0]]), np.array([[0.5, 1.0], [1.0, -1.0]])
    expected = [[0.7, 0.5], [0.5, -0.5]]  # 0.8 * 1 + 0.5 * -0.6 = 0.5
    h = [[0.8 * tanh(0.7), 0.75 * tanh(0.5)], [0.5 * tanh(0.5), -0.5 * tanh(0.5)]]
    check_state(kata.lstm_cell(x, np.zeros((2, 2)), c, W_x, np.zeros((8, 2)), np.zeros(8)), h, expected)
    # the same with h in place of x: only h[0] counts
    W_h = np.array([[each, 0.0] for each in columns])
    h_before = np.array([[1.0, 3.0], [0.0, 5.0]])
    check_state(kata.lstm_cell(np.zeros((2, 3)), h_before, c, 0 * W_x, W_h, np.zeros(8)), h, expected)


@task("sequence")
def test_the_worked_example_of_lstm(kata, probes):
    x = np.array([[[1.0]], [[0.0]]])
    actual = kata.run(probes.outputs_and_state, x, ZERO, HALF, WEIGHTS, NONE, NO_BIAS)
    check_outputs(actual, [[[H1]], [[H2]]], [[H2]], [[C2]])
    assert_near([H1, H2], [0.4834942, 0.1681878], absolute=5e-8)  # the digits in the README


@task("sequence", title="Each step gets the output of the one before")
def test_each_step_gets_the_output_before(kata, probes):
    only_g = np.array([[0.0], [0.0], [1.0], [0.0]])  # i = f = o = 0.5, g = tanh(h)
    c = [0.5, 0.25 + 0.5 * tanh(0.5 * tanh(0.5))]
    c.append(0.5 * c[1] + 0.5 * tanh(0.5 * tanh(c[1])))
    h = [[[0.5 * tanh(each)]] for each in c]
    actual = kata.run(probes.outputs_and_state, np.zeros((3, 1, 1)), ZERO, ONE, NONE, only_g, NO_BIAS)
    check_outputs(actual, h, h[2], [[c[2]]])


@task("sequence", title="Every call starts from h0 and c0; one token, several sequences")
def test_every_call_starts_from_h0_and_c0(kata, probes):
    one = np.array([[[1.0], [0.0], [1.0]]])  # one token of three sequences
    h0, c0 = np.array([[0.3], [0.0], [-0.2]]), np.array([[0.5], [0.7], [0.5]])
    for _ in range(2):
        actual = kata.run(probes.outputs_and_state, one, h0, c0, WEIGHTS, NONE, NO_BIAS)
        check_outputs(actual, [[[H1], [H2], [H1]]], [[H1], [H2], [H1]], [[C1], [C2], [C1]])


def check_gradients(answer, **expected):
    gradients = dict(zip(NAMES, parts(answer, *NAMES), strict=True))
    for name, reference in expected.items():
        close(gradients[name], np.array(reference), name=name)


@task("gradient")
def test_the_worked_example_of_lstm_gradient(kata, probes):
    arguments = ONE[None], ZERO, HALF, WEIGHTS, NONE, NO_BIAS
    dc = 0.8 * (1 - tanh(0.7) ** 2)
    dz = np.array([dc * 0.6 * 0.1875, dc * 0.5 * 0.25, dc * 0.75 * 0.64, tanh(0.7) * 0.16])
    expected = {"dx": [[[dz @ WEIGHTS[:, 0]]]], "dh0": ZERO, "dc0": [[0.5 * dc]], "db": dz}
    expected |= {"dW_x": dz[:, None], "dW_h": NONE}
    readme = [0.5077917, 0.0571266, 0.063474, 0.24374, 0.0966988, 0.2538958, 0.3657607]
    assert_near([dc, *dz, dc / 2, dz @ WEIGHTS[:, 0]], readme, absolute=5e-8)
    check_gradients(kata.run(probes.gradients, *arguments, ONE[None], ZERO, ZERO), **expected)
    # the output is the last h, too: half of the gradient may come from either of them
    check_gradients(kata.run(probes.gradients, *arguments, HALF[None], HALF, ZERO), **expected)
    check_gradients(kata.run(probes.gradients, *arguments, ZERO[None], ONE, ZERO), **expected)


@task("gradient", title="A loss that uses only the cell")
def test_a_loss_that_uses_only_the_cell(kata, probes):
    dz = np.array([0.6 * 0.1875, 0.5 * 0.25, 0.75 * 0.64, 0.0])
    actual = kata.run(probes.gradients, ZERO[None], ONE, HALF, NONE, WEIGHTS, NO_BIAS, ZERO[None], ZERO, ONE)
    check_gradients(actual, dx=ZERO[None], dh0=[[dz @ WEIGHTS[:, 0]]], dc0=HALF, db=dz, dW_x=NONE, dW_h=dz[:, None])


def check_by_differences(kata, probes, seed, tokens, n, features, hidden):
    """Compare the gradients with differences of the loss, the sum of some multiples of outputs, h and c."""
    rng = np.random.default_rng(seed)
    x, h0, c0 = rng.normal(size=(tokens, n, features)), rng.normal(size=(n, hidden)), rng.normal(size=(n, hidden))
    W_x, W_h, b = (rng.normal(size=(4 * hidden, *more)) for more in ((features,), (hidden,), ()))
    arguments = [x, h0, c0, W_x, W_h, b]
    factors = [100 * rng.normal(size=(tokens, n, hidden)), 50 * h0, 50 * c0]  # gradients far above 5, which none clips

    def loss(place, shifted):
        answer = kata.run(probes.outputs_and_state, *arguments[:place], shifted, *arguments[place + 1 :])
        total = 0.0
        for factor, part in zip(factors, parts(answer, "outputs", "h", "c"), strict=True):
            assert_shape(part, factor.shape)
            total += float((factor * part).sum())
        return total

    gradients = parts(kata.run(probes.gradients, *arguments, *factors), *NAMES)
    for place, (name, gradient, argument) in enumerate(zip(NAMES, gradients, arguments, strict=True)):
        with about(name):
            assert_shape(gradient, argument.shape)
        direction = rng.normal(size=argument.shape)
        slope = (loss(place, argument + 1e-5 * direction) - loss(place, argument - 1e-5 * direction)) / 2e-5
        with about(
            f"the change of the loss in a random direction of {name[1:]}, which is the sum of {name} * direction"
        ):
            assert_near(float((gradient * direction).sum()), slope, relative=1e-6, absolute=1e-6)


@task("gradient", title="One token, compared with differences of the loss")
def test_one_token_by_differences(kata, probes):
    check_by_differences(kata, probes, 1, 1, 1, 2, 2)
    check_by_differences(kata, probes, 2, 1, 3, 2, 3)


@task("time", title="The gradient flows back through the cell")
def test_the_gradient_through_the_cell(kata, probes):
    # The last token is 1. Before it, the gradient of c is multiplied by f = 0.5 for each token 0, where g = 0, i = 0.5.
    x = np.array([[[0.0]], [[0.0]], [[1.0]]])
    actual = kata.run(probes.gradients, x, ZERO, ONE, WEIGHTS, NONE, NO_BIAS, np.zeros((3, 1, 1)), ZERO, ONE)
    last = np.array([0.6 * 0.1875, 0.25 * 0.25, 0.75 * 0.64, 0.0])  # c before the tokens: 1, 0.5, 0.25
    middle, first = np.array([0, 0.5 * 0.5 * 0.25, 0.5 * 0.5, 0]), np.array([0, 0.25 * 1.0 * 0.25, 0.25 * 0.5, 0])
    dx = [[[dz @ WEIGHTS[:, 0]]] for dz in (first, middle, last)]
    check_gradients(actual, dx=dx, dh0=ZERO, dc0=[[0.125]], db=first + middle + last, dW_x=last[:, None])


@task("time", title="Several tokens, compared with differences of the loss")
def test_several_tokens_by_differences(kata, probes):
    check_by_differences(kata, probes, 3, 3, 1, 1, 1)
    check_by_differences(kata, probes, 4, 5, 2, 3, 2)
    check_by_differences(kata, probes, 5, 12, 3, 2, 3)


@task("time", title="A sequence that is read in two pieces has the same gradient")
def test_two_pieces(kata, probes):
    rng = np.random.default_rng(6)
    x, doutputs, h0, c0 = (rng.normal(size=shape) for shape in ((5, 2, 2), (5, 2, 2), (2, 2), (2, 2)))
    W_x, W_h, b = (rng.normal(size=shape) for shape in ((8, 2), (8, 2), 8))
    rest = h0, c0, W_x, W_h, b
    whole = parts(kata.run(probes.gradients, x, *rest, doutputs, 0 * h0, 0 * c0), *NAMES)
    for name, gradient, argument in zip(NAMES, whole, (x, *rest), strict=True):
        with about(name):
            assert_shape(gradient, argument.shape)
    answer = kata.run(probes.gradients_of_pieces, [x[:3], x[3:]], *rest, [doutputs[:3], doutputs[3:]])
    first, second = (parts(each, *NAMES) for each in parts(answer, "the first piece", "the second piece"))
    for place, name in enumerate(NAMES):
        with about(f"{name} of the pieces"):
            for each in (first[place], second[place]):
                assert_shape(each, (len(each), *whole[place].shape[1:]) if name == "dx" else whole[place].shape)
    joined = [np.concatenate([first[0], second[0]]), first[1], first[2]]
    joined += [one + other for one, other in zip(first[3:], second[3:], strict=True)]
    for name, actual, expected in zip(NAMES, joined, whole, strict=True):
        with about("two pieces, compared with the whole sequence"):
            assert_close(actual, expected, scale=100.0, terms=20, name=name)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("types", title="float32 stays float32")
def test_float32_stays_float32(kata, probes):
    arguments = [np.array(each, dtype=np.float32) for each in (ONE[None], ZERO, HALF, WEIGHTS, NONE, NO_BIAS)]
    close32 = partial(close, dtype=np.float32)
    for name, actual, expected in zip(
        ("outputs", "h", "c"),
        parts(kata.run(probes.outputs_and_state, *arguments), "outputs", "h", "c"),
        ([[[H1]]], [[H1]], [[C1]]),
        strict=True,
    ):
        close32(actual, np.array(expected), name=name)
    h, c = assert_parts(kata.lstm_cell(arguments[0][0], *arguments[1:]), "h", "c")
    close32(h, np.array([[H1]]), name="h")
    close32(c, np.array([[C1]]), name="c")
    zero = np.zeros((1, 1), dtype=np.float32)
    gradients = parts(kata.run(probes.gradients, *arguments, zero[None], zero, zero + 1), *NAMES)
    dz = np.array([0.6 * 0.1875, 0.5 * 0.25, 0.75 * 0.64, 0.0])
    dx = np.array([[[dz @ WEIGHTS[:, 0]]]])
    for name, actual, expected in zip(NAMES, gradients, (dx, ZERO, HALF, dz[:, None], NONE, dz), strict=True):
        close32(actual, expected, name=name)


@task("inputs", title="Arguments and outputs are left alone")
def test_arguments_and_outputs_are_left_alone(kata, probes):
    rng = np.random.default_rng(7)
    shapes = {"x": (3, 2, 2), "h0": (2, 1), "c0": (2, 1), "W_x": (4, 2), "W_h": (4, 1), "b": 4}
    shapes |= {"doutputs": (3, 2, 1), "dh": (2, 1), "dc": (2, 1)}
    arguments = [rng.normal(size=shape) for shape in shapes.values()]
    after, before, outputs = kata.run(probes.arguments_after, *arguments)
    assert_shape(assert_parts(before, "outputs", "h", "c")[0], (3, 2, 1))
    for name, array, given in zip(shapes, after, arguments, strict=True):
        with about(f"{name}, after lstm and lstm_gradient"):
            assert_equal(array, given)
    with about("what lstm returned, after lstm_gradient"):
        assert_equal(outputs, before)
