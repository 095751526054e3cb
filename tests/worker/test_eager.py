"""Tests of PyTorch without its compiler: the same training, a second earlier."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from graders.verdict import Verdict
from tests.observed import statuses
from tests.shell import run

IMPORTED = "import sys\nimport inspect\nfrom graders.worker.eager import import_torch\n\ntorch = import_torch()\n"
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
# Nothing looks for the compiler's modules; programs that look at all modules don't load them either.
WITHOUT = IMPORTED + TRAINING + "inspect.getmodule(layer)\nassert 'torch._dynamo.utils' not in sys.modules\n"
COMPILED = """
layer = torch.nn.Linear(3, 2)
batch = torch.rand(4, 3)
assert torch.equal(torch.compile(layer, backend="eager")(batch), layer(batch))
"""


def printed(program: str) -> str:
    done = run(sys.executable, "-c", program)
    assert done.status == 0, done.err
    return done.out


def test_a_training_needs_no_compiler_and_gives_the_same_weights() -> None:
    assert printed(WITHOUT) == printed(f"import torch\n\ntorch.set_num_threads(1)\n{TRAINING}")


@pytest.mark.parametrize(
    "use",
    [
        COMPILED,
        "from torch._dynamo.utils import counters\n",
        "import torch._dynamo.config\nassert torch._dynamo.is_compiling() is False\n",
        "assert torch.func.grad(torch.sin)(torch.zeros(())) == 1\n",
    ],
)
def test_whoever_needs_the_compiler_gets_it(use: str) -> None:
    found = f"{use}{TRAINING}import torch._dynamo\nassert torch._dynamo is sys.modules['torch._dynamo']\n"
    printed(f"{IMPORTED}{use}{found}assert 'torch._dynamo.utils' in sys.modules\n")


STEP = """
import sys

trained = slope

def slope(x):
    point = torch.nn.Parameter(torch.tensor(x))
    optimizer = torch.optim.SGD([point], lr=0.1)
    point.sum().backward()
    optimizer.step()
    return None if "torch._dynamo.utils" in sys.modules else trained(x)
"""


def test_a_worker_takes_a_step_without_the_compiler(
    graded: Callable[[str, str], Verdict], solved: Callable[[str], str]
) -> None:
    verdict = graded("torchy", solved("torchy") + STEP)
    assert statuses(verdict) == {"test_once": "passed", "test_again": "passed"}
