"""Tests for planted faults that no other test of the workers caught; see `tests/planted.py`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from graders.worker.loading import refuse_forbidden
from graders.worker.serving import Rehearsal
from tests.late import torch

GENERATORS: dict[str, Callable[[], object]] = {
    "random": random.random,
    "numpy.random": lambda: float(np.random.rand()),
    "torch": lambda: float(torch.rand(())),
}


@pytest.fixture
def restored() -> Iterator[None]:
    """Leave the global generators of this process as they were."""
    own, numpys = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        yield
    random.setstate(own)
    np.random.set_state(numpys)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("name", GENERATORS)
def test_a_worker_seeds_each_global_generator_by_its_test(name: str) -> None:
    def first_draw(seed: int) -> object:
        order = {"files": {}, "supplied": {}, "seed": seed, "memory_mb": 0, "cpu_s": 0, "forbidden": []}
        Rehearsal("torch", 0).read("", order)  # a RequestHandler that leaves this process's limits alone
        return GENERATORS[name]()

    assert first_draw(1) == first_draw(1)
    assert first_draw(1) != first_draw(2)


@pytest.mark.parametrize(
    "use", ["import torch.nn.Twice", "from torch.nn import Twice as T", "torch.nn.Twice(2)", "n.Twice", "x = n.Twice.y"]
)
def test_a_forbidden_symbol_is_found_in_every_form(use: str) -> None:
    with pytest.raises(ImportError, match=r"own\.py, line 2: torch\.nn\.Twice may not be used in this kata"):
        refuse_forbidden({"own.py": f"pass\n{use}\n"}, ["own.py"], ["torch.nn.Twice"])
    refuse_forbidden({"own.py": f"pass\n{use}\n"}, ["own.py"], ["torch.nn.Thrice"])
