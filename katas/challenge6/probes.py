"""Probes that record which kernels a function launches, and that time one on a GPU."""

from __future__ import annotations

from typing import Any

import machine
import meter
import numpy as np
import torch


def recording(submission: Any, name: str, inputs: list[Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Call a function with these tensors, and run its kernels on a machine that counts loads and stores.

    Here, the tensors hold NaN. `inputs` are the sizes of buffers, and the places of the tensors in them.

    Shown as:
        import kernels
        from probes import call
        call(kernels, "{name}", inputs, "{layout}", settings).answer
    """
    return meter.recorded(getattr(submission, name), inputs, **settings)


def call(submission: Any, name: str, inputs: dict[str, np.ndarray], layout: str, settings: dict[str, Any]) -> Any:
    """Call a function with float32 tensors in a layout, and return the machine that ran its kernels."""
    placed = machine.laid_out(inputs, layout)
    recorded = recording(submission, name, [(len(memory), *place) for memory, place in placed.values()], settings)
    return machine.Machine(recorded, placed, say=print)


def seconds_on_a_gpu(submission: Any, seed: int, rows: int, columns: int) -> dict[str, Any]:
    """Time softmax and torch.softmax on a GPU, alternately, and return the times and both answers' distance.

    Shown as:
        x = torch.randn({rows}, {columns}, device="cuda")
        softmax(x)
    """
    x = torch.randn(rows, columns, device="cuda", generator=torch.Generator("cuda").manual_seed(seed))
    ways = {"own": lambda: submission.softmax(x), "torch": lambda: torch.softmax(x, 1)}
    distance = (ways["own"]() - ways["torch"]()).abs().max().item()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(20):
        for name, function in ways.items():
            began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            began.record()
            function()
            ended.record()
            torch.cuda.synchronize()
            times[name].append(began.elapsed_time(ended) / 1000)
    return {"distance": distance, **times}
