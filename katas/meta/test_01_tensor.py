"""Task tensor: numbers that can be checked by hand."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("tensor", title="The worked example: tensors")
def test_the_worked_example_of_tensor(kata, probes):
    found = kata.run(probes.a_matrix)
    assert_equal((found["shape"], found["dtype"]), ((2, 2), "float32"))
    expected = {
        "values": [[1.0, 2.0], [3.0, 4.0]],
        "x + 1": [[2.0, 3.0], [4.0, 5.0]],
        "2 / x": [[2.0, 1.0], [2 / 3, 0.5]],
        "x * x": [[1.0, 4.0], [9.0, 16.0]],
        "x @ x": [[7.0, 10.0], [15.0, 22.0]],
    }
    for line, values in expected.items():
        with about(line):
            assert_close(found[line], np.array(values), dtype=np.float32)
    with about("x > 2"):
        assert_equal(found["x > 2"], np.array([[False, False], [True, True]]))


@task("tensor", title="Dtypes are PyTorch's")
def test_dtypes_are_pytorchs(kata, probes):
    found = kata.run(probes.dtypes)
    expected = {
        "Tensor([1, 2, 3])": "int64",
        "Tensor([True])": "bool",
        "Tensor(float64 array)": "float64",
        "counts + 1": "int64",
        "counts + 1.5": "float32",
        "counts / counts": "float32",
        "numbers + 1.5": "float64",
        "counts + numbers": "float64",
        "numbers.float()": "float32",
        "zeros(2)": "float32",
    }
    for line, dtype in expected.items():
        with about(line):
            assert_equal(found[line], dtype)


@task("tensor")
def test_changes_in_place(kata, probes):
    x, same, is_same = kata.run(probes.changes_in_place)
    assert_close(x, np.array([7.0, 5.0, 13.0]), dtype=np.float32)
    assert_close(same, np.array([7.0, 5.0, 13.0]), dtype=np.float32)
    assert_equal(is_same, True)
