"""The framework's own tests, with numbers worked out by hand. bonus.py reports:

own tests passed: 15 of 15
planted faults noticed: 12 of 12
doctest examples passed: 1 of 1

>>> (Tensor([1.0, 2.0]) * 3).tolist()
[3.0, 6.0]
"""

import math

import numpy as np

import your_framework as nn
from your_framework import Tensor


def close(*pairs):
    """Compare each tensor with the numbers that follow it, up to rounding."""
    for tensor, numbers in zip(pairs[::2], pairs[1::2], strict=True):
        assert np.allclose(tensor.tolist(), numbers, rtol=1e-4, atol=1e-6), (tensor.tolist(), numbers)


def leaf(numbers):
    return Tensor(numbers, requires_grad=True)


def put(parameter, numbers):
    with nn.no_grad():
        parameter[...] = Tensor(numbers)


def test_gradients_of_operations():
    x, y = leaf([0.0, -1e3]), leaf([3.0, 4.0])
    (x.exp() * y).sum().backward()
    close(x.grad, [3.0, 0.0], y.grad, [1.0, 0.0])
    column, row = leaf([[1.0], [2.0]]), leaf([[10.0, 20.0, 30.0]])
    (column * row).sum().backward()
    close(column.grad, [[60.0], [60.0]], row.grad, [[3.0, 3.0, 3.0]])
    x = leaf([10.0, 20.0, 30.0, 40.0])
    x[[0, 0, 3]].backward(Tensor([1.0, 2.0, 3.0]))
    close(x.grad, [3.0, 0.0, 0.0, 3.0])


def test_activations():
    e, tanh = math.exp, math.tanh
    low, high = 1 / (1 + e(1)), 1 / (1 + e(-2))  # the sigmoid of -1 and of 2
    for layer, values, slopes in (
        (nn.ReLU(), [0, 2], [0, 1]),
        (nn.LeakyReLU(0.25), [-0.25, 2], [0.25, 1]),
        (nn.ELU(), [e(-1) - 1, 2], [e(-1), 1]),
        (nn.Sigmoid(), [low, high], [low * (1 - low), high * (1 - high)]),
        (nn.Tanh(), [tanh(-1), tanh(2)], [1 - tanh(1) ** 2, 1 - tanh(2) ** 2]),
        (nn.GELU(), [-0.158655, 1.954500], [-0.083315, 1.085232]),  # x times the area under the bell, up to x
    ):
        x = leaf([-1.0, 2.0])
        y = layer(x)
        y.sum().backward()
        close(y, values, x.grad, slopes)


def test_softmax():
    x = leaf([[0.0, math.log(3)]])
    p = nn.Softmax(dim=1)(x)
    p.backward(Tensor([[1.0, 0.0]]))
    close(p, [[0.25, 0.75]], x.grad, [[0.1875, -0.1875]])


def test_linear():
    layer, x = nn.Linear(2, 1), leaf([[1.0, 2.0], [3.0, 4.0]])
    put(layer.weight, [[2.0, -1.0]])
    put(layer.bias, [0.5])
    y = layer(x)
    y.backward(Tensor([[1.0], [10.0]]))
    close(y, [[0.5], [2.5]], x.grad, [[2.0, -1.0], [20.0, -10.0]])
    close(layer.weight.grad, [[31.0, 42.0]], layer.bias.grad, [11.0])


def test_flatten_and_sequential():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False), nn.ReLU())
    put(model[1].weight, [[1.0, 2.0, 3.0, -4.0]])
    close(model(Tensor([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])), [[2.0], [0.0]])
    assert list(model.state_dict()) == ["1.weight"]


def test_dropout():
    drop, ones = nn.Dropout(0.5), Tensor([1.0] * 100)
    assert set(drop(ones).tolist()) == {0.0, 2.0}
    assert set(drop.eval()(ones).tolist()) == {1.0}


def test_layer_norm():
    layer, x = nn.LayerNorm(3), leaf([[1.0, 2.0, 3.0], [0.0, 30.0, 0.0]])
    y = layer(x)
    y.sum().backward()
    close(y, [[-1.224736, 0.0, 1.224736], [-0.707107, 1.414214, -0.707107]], layer.bias.grad, [2.0, 2.0, 2.0])
    close(layer.weight.grad, [-1.931842, 1.414214, 0.517629])
    assert abs(np.array(x.grad.tolist())).max() < 1e-5  # a row's numbers always have the sum 0


def test_batch_norm():
    for layer, shape in ((nn.BatchNorm1d(1), (2, 1)), (nn.BatchNorm2d(1), (1, 1, 1, 2))):
        x = Tensor([1.0, 3.0]).reshape(shape)  # mean 2, variance 1, and 2 with the divisor n - 1
        close(layer(x).reshape(2), [-0.999995, 0.999995])
        close(layer.running_mean, [0.2], layer.running_var, [1.1])
        close(layer.eval()(x).reshape(2), [0.762762, 2.669666])  # (x - 0.2) / √1.1


def test_embedding():
    layer = nn.Embedding(3, 2)
    put(layer.weight, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y = layer(Tensor([2, 0, 2]))
    y.backward(Tensor([[1.0, 1.0], [2.0, 2.0], [10.0, 10.0]]))
    close(y, [[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]], layer.weight.grad, [[2.0, 2.0], [0.0, 0.0], [11.0, 11.0]])


def test_convolution():
    layer, x = nn.Conv2d(1, 1, 2), leaf([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]])
    put(layer.weight, [[[[1.0, 0.0], [0.0, -1.0]]]])
    put(layer.bias, [0.5])
    y = layer(x)
    y.sum().backward()
    close(y, [[[[-3.5, -3.5], [-3.5, -3.5]]]], layer.bias.grad, [4.0])
    close(layer.weight.grad, [[[[12.0, 16.0], [24.0, 28.0]]]])
    close(x.grad, [[[[1.0, 1.0, 0.0], [1.0, 0.0, -1.0], [0.0, -1.0, -1.0]]]])


def test_pooling():
    for layer, value, gradient in (
        (nn.MaxPool2d(2), 4.0, [[0.0, 0.0], [0.0, 1.0]]),
        (nn.AvgPool2d(2), 2.5, [[0.25, 0.25], [0.25, 0.25]]),
    ):
        x = leaf([[[[1.0, 2.0], [3.0, 4.0]]]])
        y = layer(x)
        y.sum().backward()
        close(y, [[[[value]]]], x.grad, [[gradient]])


def test_losses():
    for loss, x, y, value, gradient in (
        (nn.MSELoss(), [1.0, 3.0], [1.0, 1.0], 2.0, [0.0, 2.0]),
        (nn.L1Loss(), [1.0, 3.0], [2.0, 1.0], 1.5, [-0.5, 0.5]),
        (nn.BCEWithLogitsLoss(), [0.0, math.log(3)], [1.0, 0.0], (math.log(2) + math.log(4)) / 2, [-0.25, 0.375]),
        (nn.CrossEntropyLoss(), [[0.0, 0.0], [0.0, math.log(3)]], [0, 1], (math.log(2) + math.log(4 / 3)) / 2, None),
    ):
        x = leaf(x)
        found = loss(x, Tensor(y))
        found.backward()
        close(found, value, x.grad, gradient or [[-0.25, 0.25], [0.125, -0.125]])


def test_optimizers():
    for make, numbers in (
        (lambda w: nn.SGD([w], lr=0.25, momentum=0.5), [0.5, 0.0]),  # 0.5 - 0.25 (0.5 · 2 + 1)
        (lambda w: nn.Adam([w], lr=0.1), [0.9, 0.800412]),
        (lambda w: nn.AdamW([w], lr=0.1, weight_decay=0.5), [0.85, 0.708248]),
    ):
        w = leaf([1.0])
        optimizer = make(w)
        for number in numbers:
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
            close(w, [number])


def test_states_and_modes():
    layer, other, x = nn.Linear(2, 1), nn.Linear(2, 1), Tensor([[3.0, 4.0]])
    other.load_state_dict(layer.state_dict())
    close(layer(x), other(x).tolist())
    model = nn.Sequential(nn.Sequential(nn.Dropout()), layer)
    assert (model.eval()[0][0].training, model.train()[0][0].training) == (False, True)
    assert sorted(model.state_dict()) == ["1.bias", "1.weight"]


def test_data_loader():
    loader = nn.DataLoader((Tensor([1.0, 2.0, 3.0]), Tensor([0, 1, 0])), batch_size=2)
    assert [(x.tolist(), y.tolist()) for x, y in loader] == [([1.0, 2.0], [0, 1]), ([3.0], [0])]
