"""The solutions' programs, the framework's core and the judge, on a graphics card: the same numbers as on the CPU.

challenge1 is not here, because its network is written in NumPy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from graders import Judge
from tests.kata_modules import importable
from tests.observed import tasks

ROOT = Path(__file__).parents[2]
DEVICE = "cuda"
PROGRAMS = ["bug1_never_learning", "bug2_exploding_loss", "bug3_plateau", "bug4_slow_learner", "bug5_overfitting"]

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def card() -> None:
    """Skip the test unless PyTorch sees a graphics card."""
    if not pytest.importorskip("torch").cuda.is_available():
        pytest.skip("this machine has no GPU")


@pytest.fixture
def solution(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The module of a solution, given as kata/module; what is supplied with the kata can be imported."""
    kata, _, name = request.param.partition("/")
    with importable(ROOT / "katas" / kata, ROOT / "solutions" / kata) as import_:
        yield import_(name)


def on_device(value: Any) -> Any:
    """Move a tensor, or the tensors in a named tuple or a dataclass, to the device."""
    if hasattr(value, "to"):
        return value.to(DEVICE)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(on_device, value))
    if not is_dataclass(value):
        return value
    return replace(value, **{field.name: on_device(getattr(value, field.name)) for field in fields(value)})


def devices(model: Any) -> set[str]:
    return {parameter.device.type for parameter in model.parameters()}


# ------------------------------------------------------------------------------------------------ programs


@pytest.mark.parametrize("solution", ["challenge2/search"], indirect=True)
def test_the_search_trains(solution: ModuleType) -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    X, y = torch.randn(90, 12, generator=generator), torch.arange(90) % 3
    architecture = solution.Architecture(2, 32, "relu", 0.0, 32)
    trained = []
    for place in ("cpu", DEVICE):
        torch.manual_seed(0)
        model = solution.build(architecture, 12, 3).to(place)
        solution.train(model, X.to(place), y.to(place), architecture.batch_size, epochs=5)
        assert devices(model) == {place}
        trained.append(model(X.to(place)).detach().cpu())
    torch.testing.assert_close(*trained, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("solution", ["challenge3/attention"], indirect=True)
@pytest.mark.parametrize("kind", ["AttentionClassifier", "MeanPoolingClassifier"])
def test_attention_trains(solution: ModuleType, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, place = solution.make_corpus(seed=0, n_train=200, n_test=50), "cpu"
    batch = type(corpus).batch
    monkeypatch.setattr(type(corpus), "batch", lambda *given: [part.to(place) for part in batch(*given)])
    losses = []
    for place in ("cpu", DEVICE):
        model = getattr(solution, kind)(len(corpus.vocabulary), seed=0).to(place)
        losses.append(solution.train(model, corpus, epochs=3, seed=0))
        assert devices(model) == {place}
    np.testing.assert_allclose(*losses, rtol=1e-2)


@pytest.mark.parametrize("solution", ["challenge4/transfer"], indirect=True)
@pytest.mark.parametrize("approach", ["feature_extraction", "fine_tuning", "full_training"])
def test_a_backbone_is_trained(solution: ModuleType, approach: str) -> None:
    data = solution.load_photos(60)
    few = replace(data, validation_images=data.validation_images[:40], validation_labels=data.validation_labels[:40])
    runs = []
    for backbone, photos in ((solution.load_backbone(), few), (solution.load_backbone().to(DEVICE), on_device(few))):
        runs.append(getattr(solution, approach)(backbone, photos, epochs=2, seed=0))
        solution.predict(runs[-1], photos.validation_images)
    assert devices(runs[1].model) == {DEVICE}
    np.testing.assert_allclose(*(run.history["train_loss"].iloc[0] for run in runs), rtol=0.05)


@pytest.mark.parametrize("solution", [f"challenge5/{name}" for name in PROGRAMS], indirect=True)
def test_a_repaired_program_trains(solution: ModuleType) -> None:
    data, losses = solution.load_data(seed=0), []
    for place in ("cpu", DEVICE):
        model, moved = solution.build_model(seed=0).to(place), data if place == "cpu" else on_device(data)
        losses.append(solution.train(model, moved, epochs=2, seed=0).loss)
        assert devices(model) == {place}
    np.testing.assert_allclose(*(loss[:2] for loss in losses), rtol=0.05)


# ----------------------------------------------------------------------------------------------- the judge


@pytest.mark.parametrize("kata", ["challenge6", "meta"])
def test_the_judge_grades_the_tasks_that_need_a_card(kata: str) -> None:
    with Judge(ROOT, confinement="none", resident=False) as judge:
        assert tasks(judge.grade(kata, ROOT / "solutions" / kata))["gpu"] == "passed"


# ------------------------------------------------------------------------------------------- the framework

LAYERS = {
    "Linear(6, 4)": (5, 6),
    "Conv2d(2, 4, 3, stride=2, padding=1, groups=2)": (3, 2, 7, 6),
    "MaxPool2d(2)": (3, 2, 6, 6),
    "AvgPool2d(3, stride=2, padding=1)": (3, 2, 7, 6),
    "BatchNorm1d(6)": (5, 6),
    "BatchNorm2d(2)": (3, 2, 4, 4),
    "LayerNorm(6)": (5, 6),
    "Flatten()": (3, 2, 4),
    "Softmax(dim=1)": (5, 6),
    **{f"{name}()": (5, 6) for name in ("ReLU", "LeakyReLU", "ELU", "GELU", "Sigmoid", "Tanh")},
}
OPERATIONS = """
    x + x[0] | x - 2 | x * x[:, :1] | x / (x * x + 1) | x ** 2 | -x | x @ x.T | x.exp() | (x * x + 1).log()
    (x * x).sqrt() | x.abs() | x.clip(-0.5, 0.5) | x.softmax(1) | x.log_softmax(1) | nn.where(x > 0, x, 2 * x)
    x.sum(0) | x.mean(dim=1, keepdim=True) | x.var(0) | x.max(1)[0] | x[[0, 0, 2]] | x[1:, ::2]
    x.reshape(-1, 3) | x.T | x.transpose(0, 1) | nn.cat([x, x]) | nn.stack([x, x], 1)
"""
LOSSES = {
    "MSELoss()": lambda draw: draw.standard_normal((5, 6), np.float32),
    "L1Loss()": lambda draw: draw.standard_normal((5, 6), np.float32),
    "BCEWithLogitsLoss()": lambda draw: draw.random((5, 6), np.float32),
    "CrossEntropyLoss()": lambda draw: draw.integers(0, 6, 5),
}
OPTIMIZERS = ["SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01)", "Adam(p, lr=0.1)", "AdamW(p, lr=0.1, amsgrad=True)"]


@pytest.fixture
def nn() -> Iterator[ModuleType]:
    pytest.importorskip("cupy")
    with importable(ROOT / "solutions" / "meta") as import_:
        yield import_("your_framework")


def on_both(compute: Any) -> None:
    """Compare the tensors that `compute(device)` returns on the CPU and on the device."""
    there = compute(DEVICE)
    assert {tensor.device for tensor in there} == {DEVICE}
    for expected, tensor in zip(compute("cpu"), there, strict=True):
        np.testing.assert_allclose(tensor.tolist(), expected.tolist(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", LAYERS)
def test_layers(nn: ModuleType, layer: str) -> None:
    numbers = np.random.default_rng(0).standard_normal(LAYERS[layer], np.float32)

    def compute(device: str) -> list[Any]:
        nn.manual_seed(0)
        model = eval(f"nn.{layer}").to(device)
        x = nn.Tensor(numbers, device=device, requires_grad=True)
        y = model(x)
        (y * y).sum().backward()
        return [y, x.grad, *(parameter.grad for parameter in model.parameters())]

    on_both(compute)


@pytest.mark.parametrize("operation", re.split(r" \| |\n +", OPERATIONS.strip()))
def test_operations(nn: ModuleType, operation: str) -> None:
    numbers = np.random.default_rng(0).standard_normal((4, 6), np.float32)

    def compute(device: str) -> list[Any]:
        x = nn.Tensor(numbers, device=device, requires_grad=True)
        y = eval(operation, {"x": x, "nn": nn})
        (y * y).sum().backward()
        return [y, x.grad]

    on_both(compute)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses(nn: ModuleType, loss: str) -> None:
    draw = np.random.default_rng(0)
    numbers, targets = draw.standard_normal((5, 6), np.float32), LOSSES[loss](draw)

    def compute(device: str) -> list[Any]:
        x = nn.Tensor(numbers, device=device, requires_grad=True)
        value = eval(f"nn.{loss}")(x, nn.Tensor(targets, device=device))
        value.backward()
        return [value, x.grad]

    on_both(compute)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(nn: ModuleType, optimizer: str) -> None:
    def compute(device: str) -> list[Any]:
        nn.manual_seed(0)
        model = nn.Sequential(nn.Embedding(5, 6), nn.Dropout(0.0), nn.Linear(6, 3)).to(device)
        own = eval(f"nn.{optimizer}", {"nn": nn, "p": model.parameters()})
        for _ in range(3):
            own.zero_grad()
            loss = nn.CrossEntropyLoss()(
                model(nn.Tensor([0, 3, 3], device=device)), nn.Tensor([0, 1, 2], device=device)
            )
            loss.backward()
            own.step()
        return list(model.parameters())

    on_both(compute)


def test_states_are_saved_from_the_device_and_loaded_to_it(nn: ModuleType, tmp_path: Path) -> None:
    model, fresh = nn.Linear(4, 3).to(DEVICE), nn.Linear(4, 3).to(DEVICE)
    nn.save(model.state_dict(), tmp_path / "state.npz")
    fresh.load_state_dict(nn.load(tmp_path / "state.npz"))
    assert fresh.weight.device == DEVICE
    assert fresh.weight.tolist() == model.weight.tolist()
