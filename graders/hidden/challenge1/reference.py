"""Compute the correct results of a network with given weights, in float64 with torch's autograd.

A submission may compute in float32. The allowed error follows from n, the number of additions that lead to a result.
Each addition has a relative rounding error of at most eps. These errors are independent, so they add up like a random
walk. Relative errors keep about the same size from layer to layer, in both the forward and the backward pass. With a
margin of 8, this gives an allowed error of 8 · eps · √n times the magnitudes that were summed (Higham and Mary, A new
approach to probabilistic rounding error analysis, 2019).

Two more effects matter. Where p is close to y, their leading digits cancel in p - y, so the allowed relative error is
larger there. Also, rounding decides whether a ReLU is on or off if its input is almost 0. So all gradients are computed
twice more, once with all such ReLUs off and once with all of them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from graders.checks import Mismatch

EPS = float(np.finfo(np.float32).eps)
MARGIN = 8
UNDERFLOW = 1e-16  # in float32, entries below about 1e-19 square to 0, which changes the norms here by up to 1e-17

Layer = tuple[np.ndarray, np.ndarray]


class Close(NamedTuple):
    """An expected value and the allowed error of each of its entries."""

    value: np.ndarray
    allowed: np.ndarray


class Step(NamedTuple):
    """The loss of one gradient step, dL/dW and dL/db of every layer, and the norms of dL/dW."""

    loss: Close
    gradients: list[tuple[Close, Close]]
    norms: Close


class Pass(NamedTuple):
    """The input of every layer in one forward pass, its z, and the magnitude of the sums in z.

    `kinked` says whether the argument of any ReLU is so close to 0 that rounding can change its sign.
    """

    inputs: list[Tensor]
    z: list[Tensor]
    magnitude: list[Tensor]
    kinked: bool


def assert_near(what: str, actual: object, expected: Close) -> None:
    """Check that the numbers are within the allowed error. Messages call them `what`."""
    found = np.asarray(actual)
    if found.dtype.kind != "f" or found.shape != expected.value.shape:
        shown = f"dtype {found.dtype} and shape {found.shape}"
        raise Mismatch(f"{what}: expected floats of shape {expected.value.shape}, got {shown}", None, actual)
    error = abs(found - expected.value)
    off = ~(error <= expected.allowed)
    if off.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.where(off, np.nan_to_num(error / expected.allowed, nan=np.inf), -1)
        worst = np.unravel_index(int(np.argmax(excess)), off.shape)
        place = f" at {[int(i) for i in worst]}" if off.ndim else ""
        raise Mismatch(
            f"{what}: wrong value{place}: expected {expected.value[worst]:.6g}, got {found[worst]:.6g}; allowed "
            f"difference {expected.allowed[worst]:.1g} ({int(off.sum())} of {off.size} wrong)",
            expected.value,
            found,
        )


def assert_layers(parameters: object, sizes: Sequence[int]) -> list[Layer]:
    """Check that the parameters are pairs (W, b) of float arrays with these sizes, from the first layer to the last."""
    shapes = [((fan_out, fan_in), (fan_out,)) for fan_in, fan_out in pairwise(sizes)]
    if not isinstance(parameters, list | tuple) or len(parameters) != len(shapes):
        kind = type(parameters).__name__
        got = f"a {kind} of {len(parameters)}" if hasattr(parameters, "__len__") else f"a {kind}"
        raise Mismatch(f"parameters(): expected {len(shapes)} pairs (W, b), one for each layer; got {got}", None, None)
    for number, (pair, shape) in enumerate(zip(parameters, shapes, strict=True), start=1):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Mismatch(f"parameters() of layer {number} is not a pair (W, b)", None, None)
        for name, array, expected in zip("Wb", pair, shape, strict=True):
            if type(array) is not np.ndarray or array.dtype not in (np.float32, np.float64) or array.shape != expected:
                shown = isinstance(array, np.ndarray)
                got = f"{array.dtype} of shape {array.shape}" if shown else f"a {type(array).__name__}"
                raise Mismatch(f"{name} of layer {number}: expected float32 or float64 of shape {expected}, got {got}")
    return [(W, b) for W, b in parameters]


def logits(parameters: Sequence[Layer], X: np.ndarray, activation: str) -> Close:
    """Return the logits (n, n_classes) for X (n, n_inputs)."""
    layers = _tensors(parameters)
    with torch.no_grad():
        z, magnitude = _logits(_pass(layers, X, activation))
    return Close(z.numpy(), np.full(z.shape, _precision(_terms(layers)) * magnitude))


def step(parameters: Sequence[Layer], X: np.ndarray, y: np.ndarray, activation: str) -> Step:
    """Return the mean cross-entropy of the batch X (n, n_inputs), y (n,), and its gradients."""
    layers = _tensors(parameters)
    way, gradients, loss = _backward(layers, X, y, activation)
    kinks = (1, -1) if way.kinked else ()
    others = [_backward(layers, X, y, activation, kink)[1] for kink in kinks]
    z, magnitude = _logits(way)
    p, target = z.softmax(dim=1), F.one_hot(torch.as_tensor(y), z.shape[1]).double()
    shared = float((p.norm() + target.norm()) / (p - target).norm().clamp_min(1e-300))
    precision = _precision(2 * _terms(layers) + len(y)) * shared

    found, norms = [], []
    for k, (dW, db) in enumerate(gradients):
        squares = way.z[k].grad.square()  # dW is a sum over the rows of the batch, each with its own rounding errors
        spread = (squares.T @ way.inputs[k].detach().square()).sqrt()
        spread_b = squares.sum(dim=0).sqrt()
        kinked_W, kinked_b = (
            sum((2 * (other[k][i] - gradients[k][i]).abs() for other in others), torch.zeros(())) for i in (0, 1)
        )
        allowed_W, allowed_b = precision * spread.max() + kinked_W, precision * spread_b.max() + kinked_b
        found.append((_close(dW, allowed_W), _close(db, allowed_b)))
        norms.append((float(dW.norm()), float(precision * spread.norm() + kinked_W.norm()) + UNDERFLOW))
    expected, allowed = np.array(norms).T
    # the loss is the log-sum-exp of the logits minus one logit, so errors of e in the logits change it by up to 2e
    allowed_loss = 2 * _precision(_terms(layers)) * magnitude + MARGIN * EPS * (1 + abs(loss))
    return Step(Close(np.array(loss), np.array(allowed_loss)), found, Close(expected, allowed))


def after_step(parameters: Sequence[Layer], expected: Step, learning_rate: float) -> list[tuple[Close, Close]]:
    """Return the parameters after one step of plain gradient descent."""
    return [
        tuple(
            Close(
                before.astype(np.float64) - learning_rate * gradient.value,
                4 * EPS * (abs(before) + learning_rate * abs(gradient.value)) + learning_rate * gradient.allowed,
            )
            for before, gradient in zip(layer, gradients, strict=True)
        )
        for layer, gradients in zip(parameters, expected.gradients, strict=True)
    ]


def _tensors(parameters: Sequence[Layer]) -> list[tuple[Tensor, Tensor]]:
    return [(torch.tensor(W).double(), torch.tensor(b).double()) for W, b in parameters]


def _terms(layers: Sequence[tuple[Tensor, Tensor]]) -> int:
    """Return the number of additions that lead from an input to a logit."""
    return sum(W.shape[1] + 1 for W, _ in layers)


def _precision(additions: int) -> float:
    """Return the relative error allowed for a result of this many additions."""
    return MARGIN * EPS * float(np.sqrt(additions))


def _pass(layers: Sequence[tuple[Tensor, Tensor]], X: np.ndarray, activation: str, kink: int = 0) -> Pass:
    """Run X through the network.

    ReLUs whose input is 0 up to rounding errors are off if `kink` is 1, and on if it is -1.
    """
    inputs, zs, magnitudes, kinked = [torch.tensor(X).double()], [], [], False
    for k, (W, b) in enumerate(layers, start=1):
        zs.append(inputs[-1] @ W.T + b)
        magnitudes.append((inputs[-1].abs() @ W.abs().T + b.abs()).detach())
        if zs[-1].requires_grad:
            zs[-1].retain_grad()
        if k == len(layers):
            break
        z = zs[-1]
        if activation == "sigmoid":
            inputs.append(torch.sigmoid(z))
        else:
            rounding = _precision(_terms(layers[:k])) * magnitudes[-1]
            kinked = kinked or bool((z.detach().abs() <= rounding).any())
            inputs.append(z * (z > kink * rounding).double())
    return Pass(inputs, zs, magnitudes, kinked)


def _logits(way: Pass) -> tuple[Tensor, float]:
    return way.z[-1].detach(), float(way.magnitude[-1].max())


def _backward(
    layers: Sequence[tuple[Tensor, Tensor]], X: np.ndarray, y: np.ndarray, activation: str, kink: int = 0
) -> tuple[Pass, list[tuple[Tensor, Tensor]], float]:
    """Return the forward pass (with dL/dz in each z.grad), (dL/dW, dL/db) for every layer, and the loss."""
    leaves = [(W.clone().requires_grad_(), b.clone().requires_grad_()) for W, b in layers]
    way = _pass(leaves, X, activation, kink)
    loss = F.cross_entropy(way.z[-1], torch.as_tensor(y))
    loss.backward()
    return way, [(W.grad, b.grad) for W, b in leaves], loss.item()


def _close(value: Tensor, allowed: Tensor) -> Close:
    return Close(value.numpy(), allowed.expand(value.shape).numpy())
