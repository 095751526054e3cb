"""Points without the work: submissions that read an answer from the probe that calls them.

A probe runs beside the submission, which can read all its frames, closures and arguments. Each submission here answers
with what it reads. In visible tests, whose numbers everyone knows, it answers honestly.
"""

import shutil
from pathlib import Path

import pytest

from graders import catalogue

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.security

READ_LOCALS = '''
import copy
import sys


def within_reach():
    """Everything that has a name in a calling frame, or in the closures of what is there."""
    found, frame = {}, sys._getframe(2)
    while frame is not None:
        for name, value in frame.f_locals.items():
            found.setdefault(name, value)
        found["visible"] = found.get("visible") or "katas/exercise" in frame.f_code.co_filename
        for name, value in frame.f_locals.items():
            for each in (value, *vars(type(value)).values()):
                code, cells = getattr(each, "__code__", None), getattr(each, "__closure__", None) or ()
                found.update(zip(getattr(code, "co_freevars", ()), (cell.cell_contents for cell in cells)))
        frame = frame.f_back
    return found  # names of inner frames first
'''

# The planted fault is in the recipe of the network, and a record of what repair changes is in the probe's frame.
READS_THE_FAULT = (
    READ_LOCALS
    + """

def find_fault(network, X, y):
    read = within_reach()
    if read.get("training"):
        return "mode"
    if any(read.get("shifts", ())):
        return "dead units"
    if any(factor != 1 for factor in read.get("factors", ())):
        return "weights"
    return "learning rate" if read.get("rate", 1) in (1e-6, 1e4) else "none"


def repair(network, X, y, rng):
    read = within_reach()
    fresh = DeepNetwork(block_forward, block_backward, rng, [X.shape[1], *map(len, network.biases)])
    faulty = read.get("training") or any(read.get("shifts", ())) or any(f != 1 for f in read.get("factors", ()))
    if faulty or read.get("rate", 1) in (1e-6, 1e4):
        for name in ("weights", "biases", "gammas", "betas", "training", "learning_rate"):
            setattr(network, name, getattr(fresh, name))
            if name in read.get("before", ()):
                read["before"][name] = copy.deepcopy(getattr(fresh, name))
"""
)

# A network's faults are in the closures of its methods.
READS_THE_CLOSURE = (
    READ_LOCALS
    + """

honestly = can_overfit_tiny_batch


def overfits(read, *given):
    if read["visible"]:
        return honestly(*given)
    steady = all(factor == 1 for factor in read.get("pace", ()))
    return steady and not any((read.get("classes"), read.get("form"), len(read.get("order", ()))))


def can_overfit_tiny_batch(network, X, y):
    return overfits(within_reach(), network, X, y)


def diagnose(network, X, y):
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": overfits(within_reach(), network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
"""
)

# The functions are lambdas with readable parameters, so their derivatives are known without calling them.
READS_THE_FUNCTION = (
    READ_LOCALS
    + """

DERIVATIVES = {
    "waves": lambda w, a, b: a * b * np.cos(b * w),
    "quadratic": lambda w, M, c: ((M + M.T) @ np.ravel(w) + c).reshape(np.shape(w)),
    "rows": lambda w, a: 2 * a * np.sum(a * w, axis=-1, keepdims=True),
    "log_sum_exp": lambda w, c: c * np.exp(c * w) / np.sum(np.exp(c * w)),
    "logarithms": lambda w, a: a / w,
    "polynomial": lambda w, a, b, c: 3 * a * w**2 + 2 * b * w + c,
    "wave": lambda w, a, b: a * b * np.cos(b * w),
    "ripple": lambda w, a, b: a * b * np.cos(b * w),
    "logarithm": lambda w, a: a / w,
    "constant": lambda w, a: 0.0,
}


honestly = numerical_gradient


def numerical_gradient(f, w, eps=1e-5):
    read = within_reach()
    if read.get("name") in DERIVATIVES and "parameters" in read:
        return DERIVATIVES[read["name"]](w, *read["parameters"])
    return honestly(f, w, eps) if read["visible"] else np.zeros(np.shape(w))[()]
"""
)


# A record of what a diagnostic changes is in the probe's frame, where it can be rewritten.
REWRITES_THE_RECORD = (
    READ_LOCALS
    + """

honestly = activations_are_healthy


def activations_are_healthy(network, X):
    network.n_steps += 1
    within_reach().get("before", {})["n_steps"] = [np.asarray(network.n_steps).tobytes()]
    return honestly(network, X)
"""
)


def attacking(slug: str, folder: Path, attack: str) -> Path:
    """Return a submission: the kata's solution and those of the katas that it builds on, followed by the attack."""
    kata = catalogue.load(ROOT, slug)
    for each in (kata, *kata.earlier):
        (folder / "katas" / each.slug).mkdir(parents=True)
        for name in each.files:
            shutil.copy(ROOT / "solutions" / each.slug / name, folder / "katas" / each.slug)
    module = folder / "katas" / slug / kata.files[0]
    module.write_text(module.read_text(encoding="utf-8") + attack, encoding="utf-8")
    return folder if kata.earlier else module.parent


def score(graded, *tasks):
    """Return the points of these tasks."""
    return {task["name"]: task["score"] for task in graded.verdict["tasks"] if task["name"] in tasks}


def test_a_network_does_not_name_its_fault(grade, tmp_path):
    graded = grade("milestone2", attacking("milestone2", tmp_path, READS_THE_FAULT), tasks=["faults"])
    assert score(graded, "faults") == {"faults": 0}


def test_a_repair_is_compared_by_the_judge(grade, tmp_path):
    attack = READS_THE_FAULT.replace("def find_fault", "def guess_fault")
    graded = grade("milestone2", attacking("milestone2", tmp_path, attack), tasks=["repair"])
    assert score(graded, "repair") == {"repair": 0}


def test_a_closure_does_not_tell_a_faulty_network(grade, tmp_path):
    submission = attacking("exercise10", tmp_path, READS_THE_CLOSURE)
    graded = grade("exercise10", submission, diagnosing=False)
    assert score(graded, "overfit", "diagnose") == {"overfit": 0, "diagnose": 0}


def test_a_changed_network_is_noticed(grade, tmp_path):
    graded = grade("exercise10", attacking("exercise10", tmp_path, REWRITES_THE_RECORD), diagnosing=False)
    assert score(graded, "activations", "unchanged") == {"activations": 2, "unchanged": 0}


def test_a_function_cannot_be_differentiated_by_reading_it(grade, tmp_path):
    submission = attacking("exercise06", tmp_path, READS_THE_FUNCTION)
    graded = grade("exercise06", submission, tasks=["scalar", "array"], diagnosing=False)
    assert score(graded, "scalar", "array") == {"scalar": 0, "array": 0}
