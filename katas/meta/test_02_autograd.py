"""Task autograd: gradients that can be derived by hand."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("autograd", title="The worked example: autograd")
def test_the_worked_example_of_autograd(kata, probes):
    # (2 · 3 + 1)² = 49, its slope 2 · 7 = 14 times x, w and 1
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
    with about("after a second backward of another graph: gradients add up"):
        assert_close(second, 14.0, dtype=np.float32)


@task("autograd", title="Which tensors require gradients")
def test_what_requires_grad(kata, probes):
    found = kata.run(probes.flags)
    expected = {
        "x": (True, True),
        "c": (False, True),
        "x * c": (True, False),
        "x * c in no_grad": (False, True),
        "(x * c).detach()": (False, True),
    }
    for name, flags in expected.items():
        with about(f"requires_grad and is_leaf of {name}"):
            assert_equal(found[name], flags)


@task("autograd")
def test_a_graph_is_used_once(kata, probes):
    with kata.raises(RuntimeError) as caught:
        kata.run(probes.backward_again)
    with about("the message names retain_graph"):
        assert_equal("retain_graph" in caught.message, True)


@task("autograd")
def test_a_long_chain(kata, probes):
    assert_close(kata.run(probes.a_long_chain, 10_000), 1.0, dtype=np.float32)
