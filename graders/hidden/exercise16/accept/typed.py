# Typed classes and named tuples
# independent
"""An LSTM and its gradient, with typed steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class State(NamedTuple):
    h: Array
    c: Array


class Result(NamedTuple):
    outputs: Array
    h: Array
    c: Array
    cache: Cache


class Gradients(NamedTuple):
    dx: Array
    dh0: Array
    dc0: Array
    dW_x: Array
    dW_h: Array
    db: Array


@dataclass(frozen=True, slots=True, eq=False)
class Gates:
    i: Array
    f: Array
    g: Array
    o: Array

    @classmethod
    def of(cls, z: Array) -> Gates:
        hidden = z.shape[-1] // 4
        return cls(
            i=_sigmoid(z[:, :hidden]),
            f=_sigmoid(z[:, hidden : 2 * hidden]),
            g=np.tanh(z[:, 2 * hidden : 3 * hidden]),
            o=_sigmoid(z[:, 3 * hidden :]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    x: Array
    before: State
    gates: Gates
    after: State

    @classmethod
    def take(cls, x: Array, state: State, W_x: Array, W_h: Array, b: Array) -> Step:
        gates = Gates.of(x @ W_x.T + state.h @ W_h.T + b)
        c = gates.f * state.c + gates.i * gates.g
        return cls(x=x, before=state, gates=gates, after=State(h=gates.o * np.tanh(c), c=c))


@dataclass(slots=True, eq=False)
class Cache:
    steps: list[Step] = field(default_factory=list)


def _sigmoid(z: Array) -> Array:
    """The logistic function, which doesn't overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def lstm_cell(x: Array, h: Array, c: Array, W_x: Array, W_h: Array, b: Array) -> State:
    return Step.take(x, State(h, c), W_x, W_h, b).after


def lstm(x: Sequence[Array] | Array, h0: Array, c0: Array, W_x: Array, W_h: Array, b: Array) -> Result:
    cache, state = Cache(), State(h0, c0)
    for token in x:
        step = Step.take(token, state, W_x, W_h, b)
        cache.steps.append(step)
        state = step.after
    outputs = np.stack([step.after.h for step in cache.steps])
    return Result(outputs=outputs, h=state.h, c=state.c, cache=cache)


def lstm_gradient(doutputs: Array, dh: Array, dc: Array, cache: Cache, W_x: Array, W_h: Array) -> Gradients:
    dx: list[Array] = []
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_x[:, 0])
    for t in reversed(range(len(cache.steps))):
        step = cache.steps[t]
        gates = step.gates
        tanh_c = np.tanh(step.after.c)
        dh = dh + doutputs[t]
        dc = dc + dh * gates.o * (1 - tanh_c**2)
        dz = np.hstack(
            [
                dc * gates.g * gates.i * (1 - gates.i),
                dc * step.before.c * gates.f * (1 - gates.f),
                dc * gates.i * (1 - gates.g**2),
                dh * tanh_c * gates.o * (1 - gates.o),
            ]
        )
        dx.insert(0, dz @ W_x)
        dW_x += dz.T @ step.x
        dW_h += dz.T @ step.before.h
        db += dz.sum(axis=0)
        dh, dc = dz @ W_h, dc * gates.f
    return Gradients(dx=np.stack(dx), dh0=dh, dc0=dc, dW_x=dW_x, dW_h=dW_h, db=db)
