"""Probes of the visible tests: they run next to the submission and return plain values."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # a second thread doesn't speed up networks this small, and slows them down on a busy machine


def bug1_run(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train a seed's network on that seed's data; return its losses and its classes for X (n, 2)."""
    program = submission.bug1_never_learning
    model, history, _ = _trained(program, seed, epochs)
    return {
        "epochs": len(history.loss),
        "loss_at_the_start": float(history.loss[0]),
        "loss_at_the_end": float(history.loss[-1]),
        "classes": _array(program.predict(model, torch.tensor(X))),
    }


def bug2_run(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train a seed's network on that seed's data; return its losses and hand positions for X (n, 2)."""
    program = submission.bug2_exploding_loss
    model, history, _ = _trained(program, seed, epochs)
    return {
        "loss": _floats(history.loss),
        "epochs": len(history.validation_loss),
        "positions": _array(program.predict(model, torch.tensor(X))),
    }


def bug3_run(submission: Any, seed: int, epochs: int, images: np.ndarray) -> dict[str, Any]:
    """Train a seed's network on that seed's data; return its losses and classes for images (n, 28, 28) from 0 to 1.

    Shown as:
        import bug3_plateau as program
        model, data = program.build_model(seed), program.load_data(seed)
        print(program.train(model, data, epochs=epochs, seed=seed).loss)
        right = program.predict(model, data.X_validation) == data.y_validation
        print("right on the validation images:", right.float().mean().item())
    """
    program = submission.bug3_plateau
    model, history, _ = _trained(program, seed, epochs)
    return {"loss": _floats(history.loss), "classes": _array(program.predict(model, torch.tensor(images)))}


def bug4_runs(submission: Any, seeds: list[int], epochs: int) -> dict[str, Any]:
    """Train each seed's network; return the histories, and the processor time of a run relative to its steps alone."""
    program, histories, ratios = submission.bug4_slow_learner, [], []
    for seed in seeds:  # processor times, because other programs on the machine hardly change them
        start = time.process_time()
        histories.append(_trained(program, seed, epochs)[1])
        middle = time.process_time()
        _take_steps(program, seed, epochs)
        ratios.append((middle - start) / (time.process_time() - middle))
    return {
        "loss": [_floats(each.loss) for each in histories],
        "validation_accuracy": [_floats(each.validation_accuracy) for each in histories],
        "ratio_of_seconds": min(ratios),
    }


def _take_steps(program: Any, seed: int, epochs: int) -> None:
    """Take the same steps and make the same predictions as a run of bug 4, but on random numbers."""
    program.load_data(seed)
    model = program.build_model(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    X, y = torch.randn(2000, 784, generator=torch.Generator().manual_seed(seed)), torch.arange(2000) % 10
    for _ in range(epochs):
        for batch in torch.arange(2000).split(40):
            loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for rows in (X, X[:1000]):
            program.predict(model, rows)


def bug5_run(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """Train a seed's network on that seed's data; return its accuracies, and whether predict repeats its answers."""
    program = submission.bug5_overfitting
    model, history, data = _trained(program, seed, epochs)
    asked = (data.X_train, data.X_validation, data.X_validation)
    train, validation, again = (torch.as_tensor(program.predict(model, X)) for X in asked)
    return {
        "epochs": len(history.loss),
        "train": (train == data.y_train).float().mean().item(),
        "validation": (validation == data.y_validation).float().mean().item(),
        "repeats": torch.equal(validation, again),
    }


def bug5_uses_validation_rows(submission: Any, seed: int) -> bool:
    """Train for one epoch with the seed's validation guests and with another seed's; report whether weights differ."""
    program, weights = submission.bug5_overfitting, []
    for other in (seed, seed + 1):
        model, data, strangers = program.build_model(seed), program.load_data(seed), program.load_data(other)
        data.X_validation.copy_(strangers.X_validation)
        data.y_validation.copy_(strangers.y_validation)
        program.train(model, data, epochs=1, seed=seed)
        weights.append(nn.utils.parameters_to_vector(model.parameters()).detach())
    return not torch.equal(*weights)


def _trained(program: Any, seed: int, epochs: int) -> tuple[Any, Any, Any]:
    """Return a seed's network, trained on that seed's data, the history, and the data."""
    model, data = program.build_model(seed), program.load_data(seed)
    return model, program.train(model, data, epochs=epochs, seed=seed), data


def _floats(values: Any) -> list[float]:
    return [float(value) for value in values]


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).detach().numpy()


# ------------------------------------------------------------------------------------------- still the same program


def program_facts(submission: Any, name: str, seed: int, epochs: int) -> dict[str, Any]:
    """Train a seed's network on that seed's data; report facts about data, network, steps and history."""
    program = getattr(submission, name)
    data, model = program.load_data(seed), program.build_model(seed)
    parts = _parts(data)
    fresh = copy.deepcopy(model)
    same, other = program.build_model(seed), program.build_model(seed + 1)
    with _Watch(parts[0].shape[-1] if parts[0].ndim == 2 else 784) as watch:
        history = program.train(model, data, epochs=epochs, seed=seed)
    facts = {
        "shapes of the data": [list(part.shape) for part in parts],
        "sums of the data": [float(part.double().sum()) for part in parts],
        "shapes of the parameters": [list(p.shape) for p in model.parameters()],
        "sum of the fresh weights": sum(p.detach().abs().sum().item() for p in fresh.parameters()),
        "spread of the fresh weights": [p.detach().std().item() for p in fresh.parameters() if p.ndim > 1],
        "fresh biases": sum(p.detach().abs().sum().item() for p in fresh.parameters() if p.ndim == 1),
        "build_model gives the same weights again": all(map(torch.equal, fresh.parameters(), same.parameters())),
        "a different seed gives different weights": not torch.equal(*(next(m.parameters()) for m in (fresh, other))),
        "steps": len(watch.sizes),
        "rows a batch": sorted(set(watch.sizes)),
        "settings": _settings(watch.settings),
        "history": {
            kind: _floats(getattr(history, kind))
            for kind in ("loss", "validation_loss", "train_accuracy", "validation_accuracy")
            if hasattr(history, kind)
        },
        **_begun_twice(program, data, seed),
    }
    X, y, X_validation, y_validation = parts
    if y.ndim == 1:
        facts["accuracies"] = [
            (torch.as_tensor(program.predict(model, inputs)) == labels).float().mean().item()
            for inputs, labels in ((X, y), (X_validation, y_validation))
        ]
    else:
        facts["validation loss"] = float(((program.predict(model, X_validation) - y_validation) ** 2).mean())
    if X.shape[-1] == 2:
        facts |= _repeated(fresh, model, X, y, watch)
    elif watch.batches:
        inputs = torch.cat(watch.batches)
        facts["inputs"] = [
            float(inputs.mean()),
            float(inputs.std()),
            len(inputs.unique(dim=0)),
            float((inputs == 0).float().mean()),
            float(inputs.flatten(1).mean(dim=1).std()),
        ]
        facts["zeros before the last layer"] = [min(watch.zeros), max(watch.zeros)]
    return facts | _asked(program, model, X_validation[:200])


def _parts(data: Any) -> list[torch.Tensor]:
    if hasattr(data, "train"):
        return [data.train.X, data.train.y, data.validation.X, data.validation.y]
    return [data.X_train, data.y_train, data.X_validation, data.y_validation]


class _Watch:
    """Records the input of the first layer before every step, and the optimizer settings of each parameter."""

    def __init__(self, n_inputs: int) -> None:
        self.n_inputs, self.last, self.last_zeros = n_inputs, None, 0.0
        self.batches: list[torch.Tensor] = []
        self.zeros: list[float] = []
        self.settings: dict[int, tuple[Any, ...]] = {}

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]

    def __enter__(self) -> Any:
        self.hooks = [register_module_forward_pre_hook(self.see), register_optimizer_step_post_hook(self.count)]
        return self

    def __exit__(self, *_: Any) -> None:
        for hook in self.hooks:
            hook.remove()

    def see(self, module: nn.Module, inputs: Any) -> None:
        if inputs and isinstance(module, nn.Linear) and torch.is_grad_enabled():
            if module.in_features == self.n_inputs:
                self.last = inputs[0].detach().clone()
            else:
                self.last_zeros = float((inputs[0] == 0).float().mean())

    def count(self, optimizer: Any, *_: Any) -> None:
        for group in optimizer.param_groups:
            kind = type(optimizer).__name__
            for p in group["params"]:
                self.settings[id(p)] = (p.ndim > 1, kind, group["lr"], group.get("momentum"), group["weight_decay"])
        if self.last is not None:
            self.batches.append(self.last)
            self.zeros.append(self.last_zeros)
        self.last = None  # a second optimizer on the same batch isn't a second step


def _settings(settings: dict[int, Any]) -> dict[str, list[Any]]:
    """Return the optimizer, learning rate, momentum and weight decay used for the matrices and for the biases."""
    return {
        kind: [list(each) for each in sorted({each[1:] for each in settings.values() if each[0] == wanted}, key=str)]
        for kind, wanted in (("matrices", True), ("biases", False))
    }


def _repeated(fresh: nn.Module, model: nn.Module, X: torch.Tensor, y: torch.Tensor, watch: _Watch) -> dict[str, Any]:
    """Repeat the training on the recorded batches, with the recorded optimizer settings."""
    row_of = {row.numpy().tobytes(): number for number, row in enumerate(X)}
    rows = [[row_of.get(row.numpy().tobytes(), -1) for row in batch] for batch in watch.batches]
    every = [row for batch in rows for row in batch]
    if -1 in every:
        return {"strangers": every.count(-1)}
    by_kind = {each[0]: each[2:] for each in watch.settings.values()}  # True: matrices
    settings = [by_kind.get(p.ndim > 1, (0.0, 0.0, 0.0)) for p in model.parameters()]
    groups = [
        {"params": [p], "lr": lr, "momentum": m or 0.0, "weight_decay": decay}
        for p, (lr, m, decay) in zip(fresh.parameters(), settings, strict=True)
    ]
    descent = torch.optim.SGD(groups, lr=0.1)
    loss_of = nn.functional.mse_loss if y.ndim == 2 else nn.functional.cross_entropy
    with torch.no_grad():
        begun = loss_of(fresh(X), y).item()
    losses = []
    for batch in rows:
        loss = loss_of(fresh(X[batch]), y[batch])
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    apart = max(
        (a - b).detach().abs().max().item() for a, b in zip(fresh.parameters(), model.parameters(), strict=True)
    )
    per_epoch = len(X) // max(1, len(rows[0])) if rows else 1
    distinct = [
        len({row for batch in rows[at : at + per_epoch] for row in batch}) for at in range(0, len(rows), per_epoch)
    ]
    return {
        "strangers": 0,
        "rows in each epoch": distinct,
        "loss of the fresh network": begun,
        "losses": losses,
        "largest difference of weights": apart,
    }


def _asked(program: Any, model: nn.Module, X: torch.Tensor) -> dict[str, Any]:
    """Call predict on a model again after training another, and on a model whose parameters are all 0."""
    first = torch.as_tensor(program.predict(model, X)).clone()
    model.train()
    other = program.build_model(1)
    program.train(other, program.load_data(1), epochs=1, seed=1)
    again = torch.as_tensor(program.predict(model, X)).clone()
    backwards = torch.as_tensor(program.predict(model, X.flip(0))).flip(0)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    nothing = torch.as_tensor(program.predict(model, X))
    return {
        "predict answers the same after another training run": bool(
            torch.allclose(first.double(), again.double(), atol=1e-4)
        ),
        "predict answers the same in a different order": bool(
            torch.allclose(first.double(), backwards.double(), atol=1e-4)
        ),
        "predict gives one class for all with a model of zeros": bool((nothing == nothing[0]).all()),
    }


def _begun_twice(program: Any, data: Any, seed: int) -> dict[str, bool]:
    """Train twice from different states of torch's global generator; report whether only the seed decides."""
    before, weights, states = torch.get_rng_state(), [], []
    for other in (seed + 1, seed + 2):
        torch.manual_seed(other)
        model = program.build_model(seed)
        program.train(model, data, epochs=1, seed=seed)
        weights.append(nn.utils.parameters_to_vector(model.parameters()).detach())
        states.append(torch.get_rng_state())
    torch.set_rng_state(before)
    return {
        "only the seed decides": bool(torch.equal(*weights)),
        "train seeds the global generator": bool(torch.equal(*states)),
    }
