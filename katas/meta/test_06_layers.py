"""Task layers: modules, and layers that can be followed by hand."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("layers", title="The worked example: layers")
def test_the_worked_example_of_layers(kata, probes):
    # W = [[2, -1]], b = 0.5; rows [1, 2] and [3, 4]; the gradient of the answers is 1 and 10
    expected = {
        "y": [[0.5], [2.5]],
        "x.grad": [[2.0, -1.0], [20.0, -10.0]],
        "weight.grad": [[31.0, 42.0]],
        "bias.grad": [11.0],
    }
    for (name, values), found in zip(expected.items(), kata.run(probes.a_linear_layer), strict=True):
        with about(name):
            assert_close(found, np.array(values), dtype=np.float32)


@task("layers", title="The README's model, without super().__init__()")
def test_the_readmes_model_without_super_init(kata, probes):
    parameters, state, shape = kata.run(probes.the_readmes_model)
    shapes = {"fc1.weight": (128, 784), "fc1.bias": (128,), "fc2.weight": (10, 128), "fc2.bias": (10,)}
    assert_equal(parameters, shapes)
    assert_equal(state, sorted(shapes))
    assert_equal(shape, (3, 10))


@task("layers")
def test_dropout(kata, probes):
    zeros, others, untouched = kata.run(probes.dropout)
    with about("the share of zeros is about 0.25"):
        assert_equal(0.22 < zeros < 0.28, True)
    with about("what is left is divided by 0.75"):
        assert_close(others, np.array([4 / 3]), dtype=np.float32)
    with about("evaluation changes nothing"):
        assert_equal(untouched, True)


@task("layers")
def test_batch_norm(kata, probes):
    # 1 and 5: mean 3, variance 4 (divided by n), 8 (divided by n - 1); a tenth of them moves the running 0 and 1
    y, running, later = kata.run(probes.batch_norm)
    assert_close(y, np.array([[-1.0], [1.0]]), dtype=np.float32)
    assert_close(np.array(running), np.array([0.3, 1.7]), scale=4 * 2**30)  # they are float32
    assert_close(later, np.array([[0.0]]), dtype=np.float32, scale=1.0)
