"""Programs that train with PyTorch and have no Recorder: the page draws every step of their optimizers."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.judge.client import Judge
from katas_page.live import puzzle_room
from katas_page.trainings import trained_by
from katas_practice import practice
from katas_practice.generate import candidate
from tests.training_course import WATCHED, Watcher, rest, write_watched
from tests.workshop import ROOT, write

Frames = list[dict[str, Any]]
Train = Callable[..., Frames]
BACKWARD = "        loss.backward()\n"
STEP = "        optimizer.step()\n"
TWO_NETWORKS = WATCHED.replace("    train()\n", "    train(steps=3)\n    train(steps=4, learning_rate=0.2)\n")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_watched(tmp_path_factory.mktemp("watched") / "katas")


@pytest.fixture
def train(root: Path, watcher: Watcher) -> Train:
    """train(program) returns all frames of a program."""

    def trained(program: str = WATCHED, **given: Any) -> Frames:
        write(root / "katas/alpha/twice.py", program)
        return frames_of(watcher, catalogue.load(root, "alpha"), **given)

    return trained


def frames_of(watcher: Watcher, kata: Any, **given: Any) -> Frames:
    return rest(watcher, watcher.begin(kata, given))


def trained_alone(kept: Callable[[Any, Any, Any], float]) -> list[float]:
    """Train as a program that nobody watches. Return what is kept of the outputs, labels and loss of every step."""
    program: dict[str, Any] = {"__name__": "alone"}
    exec(WATCHED.replace("nn.functional.cross_entropy(model(X), y)", "loss_of(model(X), y)"), program)
    found: list[float] = []

    def loss_of(logits: Any, y: Any) -> Any:
        loss = program["nn"].functional.cross_entropy(logits, y)
        found.append(kept(logits, y, loss))
        return loss

    program["loss_of"] = loss_of
    program["train"]()
    return found


def points(frames: Frames) -> list[tuple[int, float | None]]:
    return [(step, loss) for frame in frames for step, loss, _ in frame["points"]]


def test_every_step_of_an_optimizer_is_drawn(train: Train) -> None:
    frames = train()
    assert [step for step, _ in points(frames)] == list(range(1, 21))
    assert points(frames)[0][1] == pytest.approx(math.log(2), rel=0.2)
    assert (frames[0]["begins"], frames[0]["of"], frames[0]["title"]) == (True, 0, "")
    assert frames[-1]["output"] == f"last loss {points(frames)[-1][1]:.4f}\n"
    assert (frames[-1]["fault"], frames[-1]["note"]) == ("", "")


def test_the_layers_are_those_that_computed_the_loss(train: Train) -> None:
    first = train()[0]
    assert [name for name, *_ in first["sizes"]] == ["1 Linear", "2 Linear"]
    assert all(0 < size < 10 for _, *both in first["sizes"] for size in both)
    assert len(base64.b64decode(first["weights"])) == 4 * 784


def test_the_accuracy_is_the_share_of_the_batch_that_was_right(train: Train) -> None:
    shares = trained_alone(lambda logits, y, _: (logits.argmax(dim=1) == y).double().mean().item())
    for written in ("nn.functional.cross_entropy(", "nn.CrossEntropyLoss()("):
        frames = train(WATCHED.replace("nn.functional.cross_entropy(", written))
        assert [share for frame in frames for *_, share in frame["points"]] == pytest.approx(shares, rel=1e-4)


def test_a_loss_of_something_else_has_no_accuracy(train: Train) -> None:
    for loss in ("(model(X) ** 2).mean()", "nn.functional.cross_entropy(model(X), torch.ones(30, 2) / 2)"):
        frames = train(WATCHED.replace("nn.functional.cross_entropy(model(X), y)", loss))
        assert {share for frame in frames for *_, share in frame["points"]} == {None}


def test_the_page_scales_the_learning_rate(train: Train) -> None:
    scheduled = WATCHED.replace(STEP, STEP + "        scheduler.step()\n").replace(
        "    for _", "    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)\n    for _"
    )
    assert train(scheduled)[0]["settings"] == {"learning rate ×": 1.0}
    scaled = train(scheduled, settings={"learning rate ×": 3})
    assert points(scaled) == points(train(scheduled.replace("learning_rate=0.1", "learning_rate=0.3")))
    assert points(scaled) != points(train(scheduled))


def test_watching_changes_no_result(train: Train) -> None:
    losses = trained_alone(lambda _, __, loss: loss.item())
    assert [loss for _, loss in points(train())] == pytest.approx(losses, rel=1e-4)


def test_several_networks_are_trainings_of_their_own(train: Train) -> None:
    frames = train(TWO_NETWORKS)
    assert [frame["title"] for frame in frames if frame["begins"]] == ["", "network 2"]
    assert [step for step, _ in points(frames)] == [1, 2, 3, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "made",
    [
        "torch.optim.SGD([*model[0].parameters()], lr=0.1), torch.optim.SGD([*model[2].parameters()], lr=0.1)",
        "torch.optim.Adam(model.parameters()), torch.optim.SGD(model.parameters(), lr=0.1)",
    ],
)
def test_two_optimizers_of_a_network_take_one_step(train: Train, made: str) -> None:
    program = WATCHED.replace("torch.optim.SGD(model.parameters(), lr=learning_rate)", made)
    program = program.replace("optimizer.zero_grad()", "model.zero_grad()")
    assert program.count(made) == 1
    frames = train(program.replace(STEP, "        for each in optimizer: each.step()\n"))
    assert [step for step, _ in points(frames)] == list(range(1, 21))


def test_a_new_optimizer_in_each_step_is_still_one_training(train: Train) -> None:
    another = "        optimizer = type(optimizer)(model.parameters(), 0.1)\n"
    frames = train(WATCHED.replace(BACKWARD, another + BACKWARD))
    assert [frame["of"] for frame in frames if frame["begins"]] == [0]
    assert len(points(frames)) == 20


def test_gradients_of_an_optimizer_without_parameters_are_shown(train: Train) -> None:
    frames = train(WATCHED.replace("SGD(model.parameters(),", 'SGD([{"params": []}],'))
    losses = {loss for _, loss in points(frames)}
    assert len(losses) == 1  # nothing is learned
    assert all(gradient > 0 for _, _, gradient in frames[-2]["sizes"])


def test_a_step_after_several_passes_has_their_mean_loss(train: Train) -> None:
    program = WATCHED.replace(BACKWARD, BACKWARD + "        (0 * model(X).mean() + 1).backward()\n")
    first, mean = points(train())[0][1], points(train(program))[0][1]
    assert first is not None
    assert mean == pytest.approx((first + 1) / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (STEP, "", "called backward() 20 times and an optimizer's step() 0 times."),
        (BACKWARD, "", "called backward() 0 times and an optimizer's step() 20 times."),
        ("    train()\n", "    pass\n", "called backward() 0 times and an optimizer's step() 0 times."),
        ("steps=20", "steps=1", ""),
    ],
)
def test_a_program_that_takes_no_step_is_told_so(train: Train, old: str, new: str, said: str) -> None:
    assert old in WATCHED
    *_, last = train(WATCHED.replace(old, new))
    assert (last["done"], last["fault"]) == (True, "")
    assert last["note"].startswith("Nothing is drawn: " if said else "")
    assert last["note"].endswith(said)
    assert bool(last["note"]) == bool(said)


def test_a_fault_is_shown_without_a_note(train: Train) -> None:
    *_, last = train(WATCHED.replace("model(X), y)", "model(X).T, y)"))
    assert "Expected input batch_size" in last["fault"]
    assert last["note"] == ""


def test_a_loss_that_diverges_is_sent_as_null(train: Train) -> None:
    frames = train(WATCHED.replace("learning_rate=0.1", "learning_rate=float('inf')"))
    assert points(frames)[-1][1] is None
    assert points(frames)[0][1] is not None


def test_the_page_chooses_among_the_programs(root: Path, watcher: Watcher) -> None:
    kata = catalogue.load(root, "alpha")
    assert trained_by(kata).programs == ("twice.py", "second.py")
    frames = frames_of(watcher, kata, program="second.py")
    assert frames[-1]["output"] == "the second\n"


@pytest.mark.parametrize(("seed", "family"), [(8, "evaluation"), (3, "update")])
def test_a_puzzle_of_katas_debug_is_drawn(root: Path, seed: int, family: str) -> None:
    practice.write(replace(candidate(seed, 1, family), symptom="It is off."), root, 1, family)
    kata = puzzle_room().kata_of(root, f"debug:{seed}")
    assert trained_by(kata).programs == ("program.py",)
    with closing(Watcher(Judge(root))) as watcher:
        frames = frames_of(watcher, kata)
    assert (frames[-1]["fault"], frames[-1]["note"]) == ("", "")
    assert len(points(frames)) > 20
    assert frames[0]["sizes"]


@pytest.mark.deep
@pytest.mark.parametrize(
    ("program", "steps"),
    [
        ("bug1_never_learning.py", 800),
        ("bug2_exploding_loss.py", 320),
        ("bug3_plateau.py", 300),
        ("bug4_slow_learner.py", 250),
        ("bug5_overfitting.py", 360),
    ],
)
def test_each_program_of_challenge5_is_drawn(program: str, steps: int) -> None:
    with closing(Watcher(Judge(ROOT))) as watcher:
        frames = frames_of(watcher, catalogue.load(ROOT, "challenge5"), program=program)
    assert frames[-1]["fault"] == ""
    assert [step for step, _ in points(frames)] == list(range(1, steps + 1))
    assert len(frames[0]["sizes"]) >= 2
