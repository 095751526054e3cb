"""Nine hostile submissions, each of which once broke a batch, must not affect the others in their cohort."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.attacks.test_busy_judge import paeth
from tests.shell import katas_cold
from tests.workshop import HALF, SOLUTION, TOML, write, write_kata

pytestmark = [pytest.mark.deep, pytest.mark.security]

PEOPLE = 60
MORE_TIME = 1.1  # times the duration with nine ordinary wrong answers, plus the hostile ones' own time
ASLEEP_S = 4 * 2.9  # "lap" answers just before the time limit of a call: twice in a shared worker and twice alone
EACH_AT_MOST = 6  # times the duration of the whole ordinary batch: the longest reading takes twice as long as that
WORKERS = 2
ATTEMPTS = 3  # other work on the machine can only make a measurement too long, so one short one is enough

SETTINGS = TOML.replace('["twice.py"]', '["twice.py", "diagnosis.toml", "notes.md", "results/*"]')
SETTINGS += '[tasks.files]\ntitle = "Files"\npoints = 1\nfiles = ["diagnosis.toml", "notes.md", "results/*"]\n'

HIDDEN = """\
import numpy as np
from graders.checks import assert_close, assert_picture, assert_prose, task
from graders.checks.artifacts import read_csv
from graders.checks.mismatch import handed_in
from graders.checks.diagnosis_file import diagnosis_of

@task("twice")
def test_a_long_vector_is_doubled(kata):
    assert_close(kata.twice(np.ones(1000)), np.full(1000, 2.0))

@task("half")
def test_three_is_halved(kata):
    assert_close(kata.half(3.0), 1.5)

@task("half")
def test_half_is_as_fast_as_the_reference(kata):
    kata.speed("half", lambda: (5.0,), lambda value, _: assert_close(value, 2.5), rounds=3)

@task("files")
def test_the_diagnosis_is_filled_in(kata):
    diagnosis_of(kata.toml("diagnosis.toml"), "bug1", "twice.py", 100)

@task("files")
def test_the_notes_say_something(kata):
    assert_prose(kata.text("notes.md"), "notes.md", words=5, points={"halves": "hal(f|ves)"})

@task("files")
def test_the_table_has_rows(kata):
    assert read_csv(handed_in(kata.data("results/log.csv"), "log.csv"), "log.csv")

@task("files")
def test_the_picture_is_one(kata):
    data = kata.data("results/plot.png")
    if data is not None:
        assert_picture(data, "plot.png")
"""

DIAGNOSIS = """\
[bug1]
cause = "parameters-not-optimized"
file = "twice.py"
line = 3
why = "The optimizer was given other parameters."
fix = "Give it those of the model that is trained."
prevention = "Look at whether every parameter has moved."
"""
RIGHT: Mapping[str, bytes] = {
    "twice.py": SOLUTION.encode(),
    "diagnosis.toml": DIAGNOSIS.encode(),
    "notes.md": b"Two halves are one whole, and one half is not.\n",
    "results/log.csv": b"a,b\n1,2\n",
}
WRONG = {"twice.py": SOLUTION.replace("x / 2.0", "x").encode()}
TWICE, _ = SOLUTION.split("def half")
# The hostile submissions. Each of them once broke or delayed a whole batch.
HOLES: Mapping[str, Mapping[str, bytes]] = {
    "key": WRONG | {"diagnosis.toml": b"[bug1]\n" + b".".join([b"cause"] * 1000) + b" = 1\n"},
    "lap": {
        "twice.py": (
            TWICE + "import time\n\ndef half(x):\n    time.sleep(2.9 * (x == 5))\n    return x / 2.0\n"
        ).encode()
    },
    "comments": {"notes.md": b"<!--" * 30_000},
    "rows": {"results/log.csv": b"a,b\n" + b"1,2\n" * 3500},
    "picture": {"results/plot.png": paeth(2000, 2000)},
    "entries": {"twice.py": ("import numpy as np\n\ndef twice(x):\n    return np.ones(6_000_000)\n\n" + HALF).encode()},
    "digits": {"twice.py": (TWICE + "def half(x):\n    return 10 ** 400\n").encode()},
    "newlines": WRONG | {"results/log.dat": b"\n" * (2 << 20)},
    "name": {"results/a\\b.txt": b"1"},
}


def handed_in(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in (RIGHT | files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def batch(root: Path, name: str, others: Mapping[str, Mapping[str, bytes]]) -> tuple[dict[str, dict], float]:
    """Grade a cohort that includes `others`. Return the verdicts by person, and the seconds that it took."""
    submissions, out = root / name, root / f"{name}-graded"
    for number in range(PEOPLE - len(others)):
        handed_in(submissions / f"person{number:03}", WRONG if number % 10 == 9 else {})
    for person, files in others.items():
        handed_in(submissions / person, files)
    begun = time.monotonic()
    command = ["grade-batch", str(submissions), "--out", str(out), "--kata", "twice", "--workers", str(WORKERS)]
    done = katas_cold("--root", str(root), *command, cwd=root)
    took = time.monotonic() - begun
    assert done.status in (0, 1), done.said
    done = katas_cold("--root", str(root), "feedback", str(out), cwd=root)
    assert done.status == 0, done.said
    told = {file.parent.name for file in (out / "feedback").rglob("twice*")}
    assert len(told) == PEOPLE
    return {file.parent.name: json.loads(file.read_bytes()) for file in (out / "verdicts").rglob("twice.json")}, took


def test_hostile_submissions_do_not_affect_others(tmp_path):
    root = tmp_path
    for name in ("conftest.py", "tox.ini"):
        write(root / name, (Path(__file__).parents[2] / name).read_text(encoding="utf-8"))
    write_kata(root, "twice", toml=SETTINGS)
    for name, data in RIGHT.items():
        for place in ("solutions", "katas"):
            if name != "twice.py":
                (root / place / "twice" / name).parent.mkdir(parents=True, exist_ok=True)
                (root / place / "twice" / name).write_bytes(data)
    write(root / "graders/hidden/twice/test_hidden.py", HIDDEN)
    for attempt in range(ATTEMPTS):
        ordinary, without = batch(root, f"ordinary{attempt}", dict.fromkeys(HOLES, WRONG))
        hostile, within = batch(root, f"hostile{attempt}", HOLES)
        check_verdicts(ordinary, hostile)
        own = {person: verdict["duration_s"] for person, verdict in hostile.items() if person in HOLES}
        own["lap"] -= ASLEEP_S
        busy = sum(own.values()) / WORKERS
        if within <= MORE_TIME * (without + ASLEEP_S + busy) and max(own.values()) <= EACH_AT_MOST * without:
            return
        print(f"{without:.1f} s with ordinary wrong answers, {within:.1f} s with hostile ones")
        for person in HOLES:
            print(f"  {person:10} {hostile[person]['status']:10} {hostile[person]['duration_s']:6.2f} s")
    pytest.fail(f"{ATTEMPTS} times, hostile submissions made the batch longer than their own time")


def check_verdicts(ordinary: Mapping[str, dict], hostile: Mapping[str, dict]) -> None:
    """Check that hostile submissions get no points, and that everybody else's verdicts are the same as without them."""
    assert {person: hostile[person]["status"] for person in HOLES} == dict.fromkeys(HOLES, "failed") | {
        "name": "ungradable"
    }
    honest = set(ordinary) - set(HOLES)
    assert len(honest) == PEOPLE - len(HOLES)
    assert {each: graded(hostile[each]) for each in honest} == {each: graded(ordinary[each]) for each in honest}


def graded(verdict: dict) -> tuple:
    tests = [(test["name"], test["status"]) for test in verdict["tests"]]
    return verdict["status"], verdict["score"], sorted(tests)
