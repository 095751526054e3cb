"""Task compatibility: a network of PyTorch becomes one of ours, and PyTorch's again."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("compatibility", title="The worked example: compatibility")
def test_the_worked_example_of_compatibility(kata, probes):
    expected, ours, back, is_module = kata.run(probes.from_and_to_torch)
    # three and four terms a sum, of numbers of at most 2
    for name, found in (("ours", ours), ("back in PyTorch", back)):
        with about(f"the answer, {name}"):
            assert_close(found, np.asarray(expected, np.float64), dtype=np.float32, scale=2.0, terms=8)
    assert_equal(is_module, True)
