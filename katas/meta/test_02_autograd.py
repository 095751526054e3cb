"""Task autograd: gradients that you can derive by hand."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("autograd", title="The worked example: autograd")
def test_the_worked_example_of_autograd(kata, probes):
    # (2 · 3 + 1)² = 49; the gradients are the slope 2 · 7 = 14 of the square times x, w and 1
    for name, found, expected in zip(
        ("y", "w.grad", "x.grad", "b.grad"), kata.run(probes.a_small_graph), (49.0, 42.0, 28.0, 14.0), strict=True
    ):
        with about(name):
            assert_close(found, expected, dtype=np.float32)


@task("autograd")
def test_a_tensor_used_twice_and_backward_called_twice(kata, probes):
    first, second = kata.run(probes.a_tensor_used_twice)
    with about("the gradient of x * x + x at 3"):
        assert_close(first, 7.0, dtype=np.float32)
    with about("the sum of the gradients after backward through a second graph"):
        assert_close(second, 14.0, dtype=np.float32)


@task("autograd", title="Which tensors require gradients")
def test_what_requires_grad(kata, probes):
    found = kata.run(probes.flags)
    expected = {
        "x": (True, True),
        "c": (False, True),
        "x * c": (True, False),
        "x * c in no_grad": (False, True),
        "c * c": (False, True),
        "(x * c).detach()": (False, True),
    }
    for name, flags in expected.items():
        with about(f"requires_grad and is_leaf of {name}"):
            assert_equal(found[name], flags)


@task("autograd")
def test_each_operation(kata, probes):
    # the value, and the gradient of x for a gradient of ones
    expected = {
        "5 - x": [[1.0, 3.0], [-1.0, -1.0]],
        "8 / x": [[2.0, 4.0], [-0.5, -2.0]],
        "x / 2": [[2.0, 1.0], [0.5, 0.5]],
        "x ** 3": [[64.0, 8.0], [48.0, 12.0]],
        "2.0 ** x": [[16.0, 4.0], [11.0904, 2.7726]],
        "x ** x": [[256.0, 4.0], [610.8914, 6.7726]],
        "x.sqrt()": [[2.0, 1.4142], [0.25, 0.3536]],
        "x.log()": [[1.3863, 0.6931], [0.25, 0.5]],
        "(x - 3).exp()": [[2.7183, 0.3679], [2.7183, 0.3679]],
        "(x - 3).tanh()": [[0.7616, -0.7616], [0.42, 0.42]],
        "(x - 3).sigmoid()": [[0.7311, 0.2689], [0.1966, 0.1966]],
        "(x - 3).relu()": [[1.0, 0.0], [1.0, 0.0]],
        "(3 - x).abs()": [[1.0, 1.0], [1.0, -1.0]],
        "(x - 6) ** 3": [[-8.0, -64.0], [12.0, 48.0]],
        "x.clip(3, 5)": [[4.0, 3.0], [1.0, 0.0]],
        "x.maximum(Tensor([3.0, 3.0]))": [[4.0, 3.0], [1.0, 0.0]],
        "x.minimum(Tensor([3.0, 3.0]))": [[3.0, 2.0], [0.0, 1.0]],
    }
    assert_equal(kata.run(probes.gradients, [4.0, 2.0], list(expected)), expected)


@task("autograd")
def test_matrix_products(kata, probes):
    code = """
a = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
b = Tensor([[5.0], [6.0]], requires_grad=True)
y = a @ b
y.backward(Tensor([[1.0], [10.0]]))
"""
    expected = {"y": [[17.0], [39.0]], "a.grad": [[5.0, 6.0], [50.0, 60.0]], "b.grad": [[31.0], [42.0]]}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("autograd")
def test_a_graph_with_two_paths(kata, probes):
    # p = 2 x = 6, q = p², y = q p + p = p³ + p; the slope of y is (3 · 36 + 1) · 2
    code = "x = Tensor(3.0, requires_grad=True)\np = x * 2\nq = p * p\ny = q * p + p\ny.backward()"
    expected = {"y": 222.0, "x.grad": 218.0, "p.grad is None": True, "y.grad is None": True, "p.is_leaf": False}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("autograd")
def test_retain_graph_keeps_the_graph(kata, probes):
    code = "x = Tensor(3.0, requires_grad=True)\ny = x.exp().log() * x\ny.backward(retain_graph=True)\ny.backward()"
    assert_equal(kata.run(probes.values, code, ["x.grad"]), {"x.grad": 12.0})  # 6 from each backward


@task("autograd")
def test_no_grad_ends_with_its_block(kata, probes):
    code = """
x = Tensor(3.0, requires_grad=True)
with no_grad():
    with no_grad():
        a = x * 2
    b = x * 2
    w = Tensor([1.0], requires_grad=True)

@no_grad()
def double(t):
    return t * 2

c = double(t=x)
try:
    with no_grad():
        raise KeyError
except KeyError:
    d = x * 2
with no_grad():
    x -= 1
"""
    expected = {f"{name}.requires_grad": name in "dw" for name in "abcdw"} | {"x": 2.0}
    expected["x.requires_grad or not hasattr(Tensor, '__isub__')"] = True  # otherwise, x -= 1 makes a new tensor
    assert_equal(kata.run(probes.values, code, list(expected)), expected)
