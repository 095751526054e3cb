"""Tests of PyTorch without its compiler: the same training, a second earlier."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from graders.verdict import Verdict
from tests.observed import statuses
from tests.shell import run

IMPORTED = "import sys\nfrom graders.worker.eager import import_torch\n\ntorch = import_torch()\n"
TRAINING = """
torch.manual_seed(0)
layer = torch.nn.Linear(3, 2)
data = torch.utils.data.DataLoader(torch.rand(10, 3), batch_size=4, shuffle=True)
for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
    optimizer = kind(layer.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
    for batch in data:
        optimizer.zero_grad()
        layer(batch).square().sum().backward()
        torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    optimizer.load_state_dict(optimizer.state_dict())
print([parameter.tolist() for parameter in layer.parameters()])
"""
DISPATCHED = """
from torch.utils._python_dispatch import TorchDispatchMode

class Counter(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        return function(*arguments, **(options or {}))

with Counter():
    torch.rand(3) + 1
"""
DETERMINISTIC = """
assert not torch.are_deterministic_algorithms_enabled()
torch.use_deterministic_algorithms(True, warn_only=True)
assert torch.are_deterministic_algorithms_enabled() and torch.is_deterministic_algorithms_warn_only_enabled()
"""
GRADIENTS = """
for kind in (torch.optim.SGD, torch.optim.Adam):
    point = torch.ones(2, requires_grad=True)
    optimizer = kind([point], lr=0.1)
    seen = []
    optimizer.step(lambda: seen.append(torch.is_grad_enabled()) or (point**2).sum())
    assert torch.is_grad_enabled() and seen == [True]
    with torch.no_grad():
        optimizer.step()
        assert not torch.is_grad_enabled()
"""
WITHOUT = "assert 'torch._dynamo' not in sys.modules\n"


def printed(program: str) -> str:
    done = run(sys.executable, "-c", program)
    assert done.status == 0, done.err
    return done.out


def test_a_training_needs_no_compiler_and_gives_the_same_weights() -> None:
    assert printed(IMPORTED + TRAINING + WITHOUT) == printed(f"import torch\n\ntorch.set_num_threads(1)\n{TRAINING}")


def test_other_usual_functions_need_no_compiler_either() -> None:
    printed(IMPORTED + DISPATCHED + DETERMINISTIC + GRADIENTS + WITHOUT)


COMPILED = """
layer = torch.nn.Linear(3, 2)
batch = torch.rand(4, 3)
assert torch.equal(torch.compile(layer, backend="eager")(batch), layer(batch))
"""
SETTINGS = """
import torch._dynamo.config
from torch._dynamo import eval_frame

assert torch._dynamo.config is eval_frame.config
"""
LEFT_ALONE = """
@torch.compiler.disable
def inside(x):
    return x + torch.compiler.is_compiling()

assert torch.compile(lambda x: inside(x), backend="eager")(torch.zeros(())) == 0
"""


@pytest.mark.parametrize("use", [COMPILED, SETTINGS, LEFT_ALONE])
def test_whoever_needs_the_compiler_gets_it(use: str) -> None:
    printed(IMPORTED + use + TRAINING + COMPILED)


STEP = """
import sys

trained = slope

def slope(x):
    point = torch.nn.Parameter(torch.tensor(x))
    optimizer = torch.optim.SGD([point], lr=0.1)
    point.sum().backward()
    optimizer.step()
    return None if "torch._dynamo" in sys.modules else trained(x)
"""


def test_a_worker_takes_a_step_without_the_compiler(
    graded: Callable[[str, str], Verdict], solved: Callable[[str], str]
) -> None:
    verdict = graded("torchy", solved("torchy") + STEP)
    assert statuses(verdict) == {"test_once": "passed", "test_again": "passed"}
