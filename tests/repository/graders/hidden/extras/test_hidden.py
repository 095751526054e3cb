import numpy as np

from graders.checks import assert_equal, task


@task("types")
def test_float32_of_a_longer_vector_stays_float32(kata):
    assert_equal(kata.double(np.ones(3, dtype=np.float32)), np.full(3, 2.0, dtype=np.float32))
