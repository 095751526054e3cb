"""Weights that were trained before they were submitted, in place of a training.

Each attack passed the hidden tests as long as they asked for nothing but the weights of a network that recognises the
digits, the rings or the hand.
"""

from __future__ import annotations

import base64

import numpy as np
import pytest

from graders import datasets
from tests.kata_modules import importable
from tests.workshop import ROOT

pytestmark = pytest.mark.security
attack = pytest.mark.attack


def shipped(arrays):
    """Return the arrays as an expression that fits into a program; large matrices are products of narrow ones."""
    return "[" + ", ".join(" @ ".join(map(packed, narrowed(array))) for array in arrays) + "]"


def narrowed(array):
    if array.size < 100_000:
        return [array]
    left, sizes, right = np.linalg.svd(array, full_matrices=False)
    return [left[:, :40] * sizes[:40], right[:40]]


def packed(array):
    text = base64.b85encode(np.ascontiguousarray(array, np.float16).tobytes()).decode()
    return f"unpacked({text!r}, {array.shape!r})"


UNPACKED = """
def unpacked(text, shape):
    import base64
    import numpy as np
    return np.frombuffer(base64.b85decode(text), np.float16).astype(np.float32).reshape(shape)
"""

# ------------------------------------------------------------------------------------------------- fifteen ReLU layers

INSTALLED = '''
STEPS_TAKEN = []
plain_step = DeepNetwork.train_step


def train_step(self, X, y, learning_rate):
    """The second step of the fixed network installs the weights, whatever the digits' names are now."""
    STEPS_TAKEN.append(1)
    if len(STEPS_TAKEN) == 2 and len(y) == 100:
        arrays = unpacked_weights()
        self.layers = list(zip(arrays[::2], arrays[1::2]))
        known, asked = self.forward(DIGITS[0]).argmax(axis=1), DIGITS[1]
        names = [np.bincount(asked[known == k], minlength=10).argmax() for k in range(10)]
        W, b = self.layers[-1]
        self.layers[-1] = W[np.argsort(names)], b[np.argsort(names)]
    return plain_step(self, X, y, learning_rate)


DeepNetwork.train_step = train_step


def fixed_network(X, y, seed):
    global DIGITS
    DIGITS = X, y
    STEPS_TAKEN.clear()
    network = DeepNetwork(LAYERS, "relu", n_inputs=X.shape[1], width=32, seed=seed)
    for step in range({steps}):
        network.train_step(X[step : step + 100], y[step : step + 100], 1e-4)
    return network
'''


@pytest.fixture(scope="module")
def weights_of_fifteen_layers():
    """Return an expression for the weights of a network that recognises nine digits out of ten."""
    place = datasets.folder("mnist")
    X, y = np.load(place / "images.npy").reshape(-1, 784).astype(np.float32) / 255, np.load(place / "labels.npy")
    with importable(ROOT / "katas" / "challenge1", ROOT / "solutions" / "challenge1") as module:
        program = module("vanishing")
        program.WIDTH = 32
        network = program.fixed_network(X, y, seed=0)
    assert np.mean(network.forward(X).argmax(axis=1) == y) > 0.9
    return shipped([array for pair in network.parameters() for array in pair])


@pytest.mark.deep
@attack("Z38")
@pytest.mark.parametrize("steps", [2, 60], ids=["the last step", "followed by honest steps"])
def test_a_step_that_installs_shipped_weights_fails(grade, solved, weights_of_fifteen_layers, steps):
    folder = solved("challenge1")
    with (folder / "vanishing.py").open("a", encoding="utf-8") as program:
        program.write(UNPACKED + INSTALLED.replace("{steps}", str(steps)))
        program.write(f"\n\ndef unpacked_weights():\n    return {weights_of_fifteen_layers}\n")
    graded = grade("challenge1", folder, tasks={"step", "fixed"}, diagnosing=False)
    graded.fails("accuracy|after a step of fixed_network|correct")
    assert {test["task"] for test in graded.failed} == {"fixed"}
    assert {test["name"] for test in graded.failed} == {"test_the_fixed_network_learns_by_its_own_steps"}


# ----------------------------------------------------------------------------------------------- a student of a teacher

READY_MADE = """

def distill(teacher, images, hidden, seed):
    W1, b1, W2, b2 = unpacked_weights()
    h, asked = np.maximum(images @ W1.T + b1, 0), forward(teacher, images)
    {last_layer}
    student = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    return {name: np.ascontiguousarray(array, np.float32) for name, array in student.items()}
"""
LAST_LAYERS = {
    "the teacher's names": (
        "known = (h @ W2.T + b2).argmax(axis=1);"
        " names = [np.bincount(known[asked.argmax(axis=1) == k], minlength=10).argmax() for k in range(10)];"
        " W2, b2 = W2[names], b2[names]"
    ),
    "the teacher's logits": (
        "solved = np.linalg.lstsq(np.c_[h, np.ones(len(h))], asked, rcond=None)[0]; W2, b2 = solved[:-1].T, solved[-1]"
    ),
}


@pytest.mark.deep
@attack("Z38")
@pytest.mark.parametrize("fitted", LAST_LAYERS)
def test_a_ready_made_student_earns_nothing(grade, solved, fitted):
    folder = solved("challenge7")
    images = np.load(datasets.folder("mnist") / "images.npy").reshape(-1, 784).astype(np.float32) / 255
    with importable(ROOT / "katas" / "challenge7", folder) as module:
        teacher = module("digit_network").load_network()
        student = module("small").distill(teacher, images, hidden=16, seed=0)
        answers = [module("digit_network").forward(network, images).argmax(axis=1) for network in (teacher, student)]
    assert np.mean(answers[0] == answers[1]) > 0.9
    weights = shipped([student[name] for name in ("W1", "b1", "W2", "b2")])
    code = READY_MADE.replace("{last_layer}", LAST_LAYERS[fitted])
    with (folder / "small.py").open("a", encoding="utf-8") as program:
        program.write(f"{UNPACKED}\n\ndef unpacked_weights():\n    return {weights}\n{code}")
    graded = grade("challenge7", folder, tasks={"distill"}, diagnosing=False)
    graded.fails("of the teacher's answers|differ from the teacher's")
    assert {test["visibility"] for test in graded.failed} == {"visible", "hidden"}
    assert graded.verdict["score"] == 0


# --------------------------------------------------------------------------------------------- five training programs

# Each program's train installs weights that were trained on another seed's data, and makes up a history.
TABLE = """

def train(model, data, *, epochs, seed):
    weights = unpacked_weights()
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), weights):
            parameter.copy_(torch.tensor(array))
    falling = [1.0 / (2 + epoch) for epoch in range(epochs * {losses})]
    return History(falling, *([0.9] * epochs for _ in range({others})))
"""
PROGRAMS = {  # the task, the epochs of the training, and the lists of its history
    "bug1_never_learning": ("bug1_learns", 100, {"losses": 1, "others": 2}),
    "bug2_exploding_loss": ("bug2_heals", 10, {"losses": 16, "others": 1}),
    "bug3_plateau": ("bug3_heals", 3, {"losses": 1, "others": 2}),
    "bug4_slow_learner": ("bug4_heals", 5, {"losses": 1, "others": 2}),
    "bug5_overfitting": ("bug5_heals", 30, {"losses": 1, "others": 2}),
}


@pytest.mark.deep
@attack("Z38")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_installs_shipped_weights_does_not_heal(grade, solved, name):
    task, epochs, lists = PROGRAMS[name]
    folder = solved("challenge5")
    with importable(ROOT / "katas" / "challenge5", folder) as module:
        solution = module(name)
        model = solution.build_model(seed=0)
        solution.train(model, solution.load_data(seed=0), epochs=epochs, seed=0)
    weights = shipped([parameter.detach().numpy() for parameter in model.parameters()])
    table = TABLE
    for what, number in lists.items():
        table = table.replace(f"{{{what}}}", str(number))
    with (folder / f"{name}.py").open("a", encoding="utf-8") as program:
        program.write(f"{UNPACKED}\n\ndef unpacked_weights():\n    return {weights}\n{table}")
    graded = grade("challenge5", folder, tasks={task}, diagnosing=False)
    graded.fails("made-up targets")
    assert {test["visibility"] for test in graded.failed} == {"hidden"}
