"""Task compatibility: convert PyTorch networks to yours and back."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("compatibility", title="The worked example: compatibility")
def test_the_worked_example_of_compatibility(kata, probes):
    expected, ours, back, is_module = kata.run(probes.from_and_to_torch)
    # sums of three and four terms, of numbers up to 2
    for name, found in (("in your framework", ours), ("after converting back to PyTorch", back)):
        with about(f"the output {name}"):
            assert_close(found, np.asarray(expected, np.float64), dtype=np.float32, scale=2.0, terms=8)
    assert_equal(is_module, True)


@task("compatibility", title="Converted layers keep arguments, numbers and modes, but no PyTorch objects")
def test_layers_keep_what_they_are(kata, probes):
    # converted layers must work without PyTorch
    for line, found in kata.run(probes.layers_from_torch).items():
        with about(f"from_torch of {line}"):
            assert_equal(found["PyTorch objects in it"], [])
            assert_close(found["y"], np.asarray(found["PyTorch's y"]), dtype=np.float64, scale=10.0, terms=100)
            assert_close(found["y of to_torch"], np.asarray(found["PyTorch's y"]), scale=10.0, terms=100)
            assert_equal(found["training"], found["PyTorch's training"])
            assert_equal(found["names"], found["PyTorch's names"])


@task("compatibility")
def test_tensors_and_dropout(kata, probes):
    expected = {
        "from_torch(tensor)": [[1.5, 2.0], "float64"],
        "to_torch(Tensor)": [[1, 2], "torch.int64"],
        "p": [0.25, 0.25],
    }
    assert_equal(kata.run(probes.tensors_and_dropout), expected)
