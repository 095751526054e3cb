"""Task tensor: numbers that you can check by hand."""

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
        "counts / counts": "float32",
        "numbers + 1.5": "float64",
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


@task("tensor")
def test_numbers_and_arrays_on_either_side(kata, probes):
    code = "x = Tensor([1.0, 4.0])\narray = np.array([2.0, 2.0], dtype='float32')"
    expected = {
        "2 - x": [1.0, -2.0],
        "x ** 2": [1.0, 16.0],
        "2 ** x": [2.0, 16.0],
        "abs(x - 3)": [2.0, 1.0],
        "array - x": [1.0, -2.0],
        "array / x": [2.0, 0.5],
        "isinstance(array + x, Tensor)": True,
        "x == 4": [False, True],
        "(Tensor([7, 8]) / Tensor([2, 2])).tolist()": [3.5, 4.0],
        "(Tensor([1, 2]) + 1.5).tolist()": [2.5, 3.5],
        "Tensor([[3.0, 4.0]]) @ x": [19.0],
        "x @ Tensor([[3.0], [4.0]])": [19.0],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("tensor")
def test_creating_tensors(kata, probes):
    expected = {
        "zeros(2).dtype": "float32",
        "zeros(2, 3)": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        "ones((1, 2))": [[1.0, 1.0]],
        "arange(3)": [0, 1, 2],
        "arange(1, 7, 2)": [1, 3, 5],
        "arange(0.0, 1.0, 0.5)": [0.0, 0.5],
        "Tensor([1.5]).dtype": "float32",
        "Tensor(np.float64(1.5)).dtype": "float64",
        "Tensor([1.5], dtype='float64').to('float32').dtype": "float32",
        "Tensor([1.5]).double().dtype": "float64",
        "Tensor([1.5, -1.5]).long()": [1, -1],
        "Tensor(2.5).item()": 2.5,
        "Tensor(Tensor([1.5]))": [1.5],
        "Tensor([[1, 2]]).tolist()": [[1, 2]],
        "Tensor([1.0]).is_leaf": True,
        "len(Tensor([[1, 2], [3, 4], [5, 6]]))": 3,
    }
    assert_equal(kata.run(probes.values, "", list(expected)), expected)


@task("tensor")
def test_copies_have_their_own_memory(kata, probes):
    code = """
array = np.array([1.0, 2.0])
x = Tensor(array)
copy = x.clone()
array += 10
copy += 5
w = Tensor([1.0], requires_grad=True)
"""
    expected = {"x": [1.0, 2.0], "copy": [6.0, 7.0], "w.detach().requires_grad": False, "w.detach().numpy()": [1.0]}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("tensor")
def test_random_numbers_with_a_seed(kata, probes):
    code = "manual_seed(0)\nx = randn(100, 100)\ny = randn(100, 100)\nmanual_seed(0)\nz = randn(100, 100)"
    code += "\nnumbers = x.numpy()"
    expected = {
        "x.dtype": "float32",
        "abs(numbers.mean()) < 0.05": True,
        "0.95 < numbers.std() < 1.05": True,
        "(abs(numbers) > 2).mean() > 0.03": True,  # 4.6 % of standard normal numbers
        "np.array_equal(numbers, z.numpy())": True,
        "np.array_equal(numbers, y.numpy())": False,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)
