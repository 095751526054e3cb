"""Compare the LSTM with torch.nn.LSTM, and its gradient with autograd.

The tolerances are derived as follows, to first order. Let E_h and E_c bound the errors of h and c before a step, in
multiples of eps. A sum of N = features + hidden + 1 products is off by N eps times the sum of their magnitudes, so

    E_z = N (|x||W_x|ᵀ + |h||W_h|ᵀ + |b|) + E_h |W_h|ᵀ

and the gates are off by E_z times their slopes, plus 2 for the rounding of sigmoid and tanh. The errors of f c + i g
and o tanh(c) follow from these by the product rule.

For the gradients, let every number of the recursion be its magnitude, with |g| and |tanh c| replaced by 1 and |c| by
1 + |c|. If z changes by E_z eps, then i (1 - i), 1 - g² and so on change relatively by at most twice as much. So every
factor is off by a few E eps, where E is the largest of all E_z and E_c, and a gradient that went through k steps by
k (E + N) eps times its magnitude. A sum over the n sequences adds n. Gates and slopes count as 0.02 or more, because
1 - g², or a sigmoid computed with tanh, is off by eps even where it is smaller.
"""

import numpy as np
import torch

from graders.checks import about, assert_close, assert_equal, assert_parts, cases, task

NAMES = ("dx", "dh0", "dc0", "dW_x", "dW_h", "db")
ARGUMENTS = ("x", "h0", "c0", "W_x", "W_h", "b", "doutputs", "dh", "dc")


def torch_lstm(x, h0, c0, W_x, W_h, b, cotangents=None):
    """Return PyTorch's (outputs, h, c), and the gradients for these cotangents if there are any."""
    tensors = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (x, h0, c0, W_x, W_h, b)]
    x, h0, c0, W_x, W_h, b = tensors
    weights = [W_x, W_h, b, torch.zeros_like(b)]
    outputs, h, c = torch._VF.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, False, False, False)
    if cotangents is None:
        return outputs, h[0], c[0]
    loss = sum(
        (torch.tensor(d, dtype=torch.float64) * of).sum()
        for d, of in zip(cotangents, (outputs, h[0], c[0]), strict=True)
    )
    return torch.autograd.grad(loss, tensors)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def steps(x, h, c, W_x, W_h, b):
    """Yield for each step h and c before it, the gates, c after it, and the bounds of the errors of h, c and z."""
    N, error_h, error_c = W_x.shape[1] + W_h.shape[1] + 1, 0 * h, 0 * c
    for x_t in x:
        before = h, c
        i, f, g, o = np.split(x_t @ W_x.T + h @ W_h.T + b, 4, axis=-1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        error_z = N * (abs(x_t) @ abs(W_x).T + abs(h) @ abs(W_h).T + abs(b)) + error_h @ abs(W_h).T
        slopes = np.concatenate([i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o)], axis=-1)
        error_i, error_f, error_g, error_o = np.split(slopes * error_z + 2, 4, axis=-1)
        error_c = f * error_c + abs(c) * (error_f + 1) + i * error_g + abs(g) * (error_i + 1)
        c = f * c + i * g
        h, slope_of_c = o * np.tanh(c), 1 - np.tanh(c) ** 2
        error_h = abs(np.tanh(c)) * error_o + o * (slope_of_c * error_c + 2)
        yield *before, i, f, g, o, c, error_h, error_c, error_z


def assert_state(answer, x, h0, c0, W_x, W_h, b, dtype=np.float64):
    """Check outputs, h and c of lstm."""
    errors = [each[-3:-1] for each in steps(x, h0, c0, W_x, W_h, b)]
    scales = np.array([of_h for of_h, _ in errors]), *errors[-1]
    answers = parts(answer, "outputs", "h", "c")
    for name, actual, expected, scale in zip(
        ("outputs", "h", "c"), answers, torch_lstm(x, h0, c0, W_x, W_h, b), scales, strict=True
    ):
        assert_close(actual, expected, scale=scale, dtype=dtype, name=name)


def parts(answer, *names):
    """Return the elements of an answer, if lstm returned four elements."""
    if type(answer) is dict and "lstm" in answer:
        assert_parts(answer["lstm"], "outputs", "h", "c", "cache")
    if type(answer) is dict and "lstm_gradient" in answer:
        assert_parts(answer["lstm_gradient"], *NAMES)
    return assert_parts(answer, *names)


def magnitudes(x, h0, c0, W_x, W_h, b, doutputs, dh, dc):
    """Return the gradients' magnitudes, and the number of terms that the error has."""
    taken = list(steps(x, h0, c0, W_x, W_h, b))
    x, W_x, W_h, doutputs, dh, dc = (abs(each) for each in (x, W_x, W_h, doutputs, dh, dc))
    terms = len(x) * (max(error.max() for each in taken for error in each[-2:]) + sum(W_x.shape)) + len(dh)
    dx, dW_x, dW_h, db = [], 0 * W_x, 0 * W_h, 0 * abs(b)
    for x_t, doutput, (h, c_before, i, f, g, o, c, *_) in zip(x[::-1], doutputs[::-1], taken[::-1], strict=True):
        dh = dh + doutput
        slopes = i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o), 1 - np.tanh(c) ** 2
        i, f, o, di, df, dg, do, slope_of_c = (np.maximum(each, 0.02) for each in (i, f, o, *slopes))
        dc = dc + dh * o * slope_of_c
        dz = np.concatenate([dc * di, dc * (1 + abs(c_before)) * df, dc * i * dg, dh * do], axis=-1)
        dW_x, dW_h, db = dW_x + dz.T @ x_t, dW_h + dz.T @ abs(h), db + dz.sum(axis=0)
        dx.append(dz @ W_x)
        dh, dc = dz @ W_h, dc * f
    return (np.array(dx[::-1]), dh, dc, dW_x, dW_h, db), terms


def assert_gradients(answer, *arguments, dtype=np.float64):
    gradients = parts(answer, *NAMES)
    expected = torch_lstm(*arguments[:6], arguments[6:])
    scales, terms = magnitudes(*(each.astype(np.float64) for each in arguments))
    for name, actual, reference, scale in zip(NAMES, gradients, expected, scales, strict=True):
        assert_close(actual, reference, scale=scale, terms=terms, dtype=dtype, name=name)


def arguments(draw, *, tokens=None, low=1, dtype=np.float64):
    """Draw the arguments of lstm, with sizes that are random, 1, equal or large."""
    length, n, features, hidden = draw.sizes("tokens n features hidden", low=low, high=5)
    special = {1: (length, 1, 1, 1), 2: (1, n, features, hidden), 3: (length, n, features, 1), 4: (3, 3, 3, 3)}
    special |= {5: (length, n, 1, hidden), 6: (40, 2, 2, 2), 7: (2, 30, 3, 2), 8: (2, 2, 30, 3), 9: (2, 2, 3, 12)}
    length, n, features, hidden = special.get(draw.case, (length, n, features, hidden))
    shapes = (tokens or length, n, features), (n, hidden), (n, hidden)
    x, h0, c0 = (draw.normal(*shape, dtype=dtype) for shape in shapes)
    W_x = draw.normal(4 * hidden, features, scale=1 / np.sqrt(features), dtype=dtype)
    W_h = draw.normal(4 * hidden, hidden, scale=0.7 / np.sqrt(hidden), dtype=dtype)
    return [x, h0, c0, W_x, W_h, draw.normal(4 * hidden, dtype=dtype)]


def cotangents(draw, given, dtype=np.float64):
    """Draw doutputs, dh and dc; depending on the case, only some of them differ from 0."""
    x, h0 = given[:2]
    wanted = ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, 0, 1))[draw.case % 6]
    shapes = (*x.shape[:2], h0.shape[1]), h0.shape, h0.shape
    return [draw.normal(*shape, dtype=dtype) * dtype(on) for shape, on in zip(shapes, wanted, strict=True)]


@task("cell", title="One step of the LSTM")
@cases(16)
def test_one_step(kata, draw):
    x, *rest = arguments(draw, tokens=1)
    h, c = assert_parts(kata.lstm_cell(x[0], *rest), "h", "c")
    ((*_, error_h, error_c, _),) = steps(x, *rest)
    _, expected_h, expected_c = torch_lstm(x, *rest)
    assert_close(h, expected_h, scale=error_h, name="h")
    assert_close(c, expected_c, scale=error_c, name="c")


@task("sequence", title="A sequence, token by token")
@cases(16)
def test_a_sequence(kata, draw, probes):
    given = arguments(draw)
    assert_state(kata.run(probes.outputs_and_state, *given), *given)


@task("gradient", title="The gradients of one step")
@cases(16)
def test_the_gradients_of_one_step(kata, draw, probes):
    given = arguments(draw, tokens=1)
    given += cotangents(draw, given)
    assert_gradients(kata.run(probes.gradients, *given), *given)


@task("time", title="The gradients of a sequence")
@cases(18)
def test_the_gradients_of_a_sequence(kata, draw, probes):
    given = arguments(draw)
    given += cotangents(draw, given)
    assert_gradients(kata.run(probes.gradients, *given), *given)


@task("time", title="The gradients of a sequence that is read in pieces")
@cases(5)
def test_the_gradients_of_pieces(kata, draw, probes):
    x, h0, c0, *weights = arguments(draw, tokens=2 + draw.case)
    doutputs, _, _ = cotangents(draw, [x, h0])
    cut = 1 + draw.case // 2
    answer = kata.run(
        probes.gradients_of_pieces, [x[:cut], x[cut:]], h0, c0, *weights, [doutputs[:cut], doutputs[cut:]]
    )
    first, second = parts(answer, "the first piece", "the second piece")
    _, h, c = (each.detach().numpy() for each in torch_lstm(x[:cut], h0, c0, *weights))
    zero = 0 * h
    with about("the second of two pieces"):
        assert_gradients(second, x[cut:], h, c, *weights, doutputs[cut:], zero, zero)
    _, dh, dc, *_ = torch_lstm(x[cut:], h, c, *weights, [doutputs[cut:], zero, zero])
    with about("the first of two pieces"):
        assert_gradients(first, x[:cut], h0, c0, *weights, doutputs[:cut], dh.numpy(), dc.numpy())


@task("types", title="float32 stays float32")
@cases(4)
def test_float32_stays_float32(kata, draw, probes):
    given = arguments(draw, dtype=np.float32)
    assert_state(kata.run(probes.outputs_and_state, *given), *given, dtype=np.float32)
    # They are so small that it doesn't matter here whether an answer clips them.
    given += [np.float32(0.01) * each for each in cotangents(draw, given, np.float32)]
    assert_gradients(kata.run(probes.gradients, *given), *given, dtype=np.float32)


@task("inputs", title="Arguments and outputs are left alone")
@cases(4)
def test_arguments_and_outputs_are_left_alone(kata, draw, probes):
    given = arguments(draw, low=2)
    given += cotangents(draw, given)
    after, before, outputs = kata.run(probes.arguments_after, *given)
    for name, array, argument in zip(ARGUMENTS, after, given, strict=True):
        with about(f"{name}, after lstm and lstm_gradient"):
            assert_equal(array, argument)
    with about("what lstm returned, after lstm_gradient"):
        assert_equal(outputs, before)
