"""Challenge 2: the solution is killed, resumed, and run on a cluster that loses a worker; logs are tampered with."""

from __future__ import annotations

import dataclasses
import importlib
import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from graders import Judge, intake
from graders.catalogue import load
from graders.verdict import Verdict
from tests import shell
from tests.kata_modules import importable
from tests.late import Late, torch

PIL = Late("PIL.Image")

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "solutions" / "challenge2", ROOT / "katas" / "challenge2"]
RESULTS = "results/experiment_log.csv", "results/best_models.json", "results/tradeoff_plot.png"

# A search with short trials, for a process that will be killed. Given a number, it hangs after that many trials.
PROGRAM = """
import itertools, signal, sys, time
import numpy as np
import search as solution
from images import ImageData
from search import sample, search

signal.signal(signal.SIGINT, signal.default_int_handler)  # even if the tests' parent process ignores it
if len(sys.argv) > 2:
    run_trial, begun = solution.run_trial, itertools.count()

    def held(*given, **named):
        if next(begun) == int(sys.argv[2]):
            time.sleep(120)
        return run_trial(*given, **named)

    solution.run_trial = held
rng = np.random.default_rng(0)
X, y = rng.integers(0, 256, (600, 40)).astype(np.uint8), rng.integers(0, 3, 600)
data = ImageData("noise", X[:500], y[:500], X[500:], y[500:], n_classes=3)
trials = search(sample(10, np.random.default_rng(1)), data, epochs=1, seed=0, log=sys.argv[1])
print(len(trials))
"""


@pytest.fixture(scope="module")
def solution() -> Iterator[ModuleType]:
    """Yield the solution's module. Processes that are started in the meantime can import it, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, FOLDERS)))
        with importable(*reversed(FOLDERS)) as imported:
            yield imported("search")


@pytest.fixture(scope="module")
def noise(solution: ModuleType) -> Any:
    """Return data on which a trial takes a fraction of a second."""
    del solution
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (3000, 40)).astype(np.uint8), rng.integers(0, 3, 3000)
    return importlib.import_module("images").ImageData("noise", X[:2500], y[:2500], X[2500:], y[2500:], n_classes=3)


def rows(log: Path) -> list[str]:
    return log.read_text().splitlines()[1:] if log.exists() else []


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "the condition was never met"
        time.sleep(0.005)


# Interrupting and resuming


@pytest.mark.deep
def test_a_search_that_is_killed_goes_on_from_its_log(solution: ModuleType, tmp_path: Path) -> None:
    log, command = tmp_path / "trials.csv", [sys.executable, "-c", PROGRAM]
    with subprocess.Popen([*command, str(log), "6"]) as killed:
        wait_for(lambda: len(rows(log)) >= 5)
        killed.kill()
    before = rows(log)
    done = len(solution.read_log(log))
    assert 5 <= done <= 6
    screen, terminal = pty.openpty()
    with subprocess.Popen([*command, str(log)], stderr=terminal, stdout=subprocess.PIPE) as second:
        os.close(terminal)
        told = b"".join(iter(lambda: read(screen), b"")).decode()
        assert second.stdout is not None
        assert second.stdout.read().split() == [b"10"]
    os.close(screen)
    after = rows(log)
    assert len(after) == 10
    assert len({row.rpartition(",noise,")[0] for row in after}) == 10
    assert after[:done] == before[:done]
    assert f"{10 - done}/{10 - done}" in told  # the progress bar: trials, best accuracy so far, time left
    assert re.search(r"best \d+\.\d%.*\d:\d\d", told)


def read(screen: int) -> bytes:
    try:
        return os.read(screen, 4096)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.deep
def test_ctrl_c_keeps_what_is_done(solution: ModuleType, tmp_path: Path) -> None:
    log = tmp_path / "trials.csv"
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(log), "4"], stderr=subprocess.PIPE) as program:
        wait_for(lambda: len(rows(log)) >= 2)
        program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        assert b"KeyboardInterrupt" in program.stderr.read()
    assert 2 <= len(solution.read_log(log)) <= 4


# On a cluster


@pytest.mark.deep
def test_trials_with_and_without_an_executor_agree(solution: ModuleType, noise: Any, tmp_path: Path) -> None:
    torch.set_num_threads(1)  # the number of threads changes the order of summation, and so the accuracy
    log, architectures = tmp_path / "trials.csv", solution.sample(4, np.random.default_rng(1))
    with ThreadPoolExecutor(1) as executor:  # two threads would draw dropout masks from one generator in random order
        trials = solution.search(architectures, noise, epochs=1, seed=0, executor=executor, log=log)
    assert [trial.architecture for trial in trials] == architectures
    assert {trial.architecture for trial in solution.read_log(log)} == set(architectures)
    assert len(rows(log)) == 4
    assert solution.run_trial(architectures[2], noise, epochs=1, seed=0).accuracy == trials[2].accuracy


@pytest.mark.deep
@pytest.mark.filterwarnings("default")  # Dask's warnings are not our fault
def test_a_cluster_that_loses_a_worker_loses_no_trial(solution: ModuleType, noise: Any, tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    log, architectures = tmp_path / "trials.csv", solution.sample(24, np.random.default_rng(1))
    seen: list[list[str]] = []
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": str(tmp_path)}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:

        def kill_one() -> None:
            wait_for(lambda: len(rows(log)) >= 4)
            seen.append(rows(log))
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

        killing = threading.Thread(target=kill_one)
        killing.start()
        trials = solution.search(architectures, noise, epochs=3, seed=0, executor=client.get_executor(), log=log)
        killing.join()
    assert [trial.architecture for trial in trials] == architectures
    after = rows(log)
    assert len(after) == 24
    assert {trial.architecture for trial in solution.read_log(log)} == set(architectures)
    assert after[: len(seen[0])] == seen[0]
    alone = solution.run_trial(architectures[5], noise, epochs=3, seed=0)
    assert alone.accuracy == trials[5].accuracy


# Tampered logs, with everything that is derived from them rewritten to match


@pytest.fixture
def tampered(katas_judge: Judge, solution: ModuleType, tmp_path: Path) -> Callable[..., Verdict]:
    """Return tampered(change, task), which grades the solution with results written from changed trials."""
    kata = load(ROOT, "challenge2")

    def grade(change: Callable[[list[Any]], list[Any]], task: str) -> Verdict:
        trials = solution.read_log(kata.solution / RESULTS[0])
        solution.write_results(change(trials), tmp_path / "results")
        files = intake.shipped(kata, kata.solution) | {name: (tmp_path / name).read_bytes() for name in RESULTS}
        return katas_judge.grade_files("challenge2", files, tasks=[task])

    return grade


def reasons(verdict: Verdict) -> str:
    assert verdict.status == "failed"
    return "\n".join(test.message for test in verdict.tests if test.status == "failed")


@pytest.mark.deep  # attack Z37 does the same as a submission
def test_repeating_a_trial_reveals_a_raised_accuracy(
    tampered: Callable[..., Verdict],
) -> None:
    def raised(trials: list[Any]) -> list[Any]:
        worst = min(range(len(trials)), key=lambda place: trials[place].accuracy)
        trials[worst] = dataclasses.replace(trials[worst], accuracy=0.95)
        return trials

    assert "the log says the accuracy is 0.950, the trial gives" in reasons(tampered(raised, "best"))


def of_another_space(trials: list[Any]) -> list[Any]:
    shape = dataclasses.replace(trials[0].architecture, width=48)
    return [dataclasses.replace(trials[0], architecture=shape), *trials[1:]]


@pytest.mark.deep
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda trials: [*trials, trials[0]], "repeats line 2"),
        (lambda trials: trials[:19], "19 different architectures"),
        (of_another_space, "is not in the search space"),
    ],
)
def test_a_log_of_doubled_few_or_impossible_trials_is_refused(
    tampered: Callable[..., Verdict], change: Callable[[list[Any]], list[Any]], reason: str
) -> None:
    assert reason in reasons(tampered(change, "log"))


def test_shuffled_predictions_are_matched_with_their_pictures() -> None:
    """Against random labels, the predictions in a wrong order may be right as often as in the right one."""
    rng = np.random.default_rng(0)
    classes, shuffled = rng.integers(0, 3, 150), rng.permutation(150)
    row = {"layers": 1, "width": 2}
    trial: dict[str, Any] = {"shapes": [(2, 4), (2,), (3, 2), (3,)], "last_rows": [150], "like": shuffled}
    trial["last"] = np.eye(3)[classes[shuffled]]
    with importable(ROOT / "graders" / "hidden" / "challenge2") as imported:
        records = imported("records")
        for _ in range(50):
            given = rng.integers(0, 3, 150)
            trial["accuracy"] = float(np.mean(classes == given))
            assert (records.predictions(row, trial, given, 4, 3) == classes).all()


@pytest.mark.deep
@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((400, 800, 3), 255), "tradeoff_plot.png is blank"),
        (np.random.default_rng(0).integers(0, 256, (400, 800, 3)), "tradeoff_plot.png is not a plot of points"),
    ],
)
def test_a_picture_of_something_else_is_refused(katas_judge: Judge, pixels: np.ndarray, reason: str) -> None:
    kata, picture = load(ROOT, "challenge2"), io.BytesIO()
    PIL.fromarray(pixels.astype(np.uint8)).save(picture, "PNG")
    files = intake.shipped(kata, kata.solution) | {RESULTS[2]: picture.getvalue()}
    assert reason in reasons(katas_judge.grade_files("challenge2", files, tasks=["log"]))


def test_the_legend_has_every_depth_and_width(solution: ModuleType) -> None:
    import pandas as pd
    from matplotlib.figure import Figure

    space, shown = solution.search_space(), Figure()
    solution.draw(shown, pd.read_csv(ROOT / "solutions" / "challenge2" / RESULTS[0]))
    names = [text.get_text() for text in shown.legends[0].get_texts()]
    depths, widths = sorted({each.layers for each in space}), sorted({each.width for each in space})
    assert names == [*(f"{n} layers" for n in depths), *(f"width {n}" for n in widths), "Pareto front"]


# The command that produces the results


def test_a_program_runs_in_its_folder_with_supplied_modules(tmp_path: Path) -> None:
    root = tmp_path / "course"
    for slug in ("challenge2", "exercise03", "exercise08"):  # the katas that it builds on, too
        shutil.copytree(ROOT / "katas" / slug, root / "katas" / slug)
    text = "import os, sys, images\nprint(os.getcwd(), images.load.__name__, sys.argv[1:])\nsys.exit(7)\n"
    (root / "katas" / "challenge2" / "search.py").write_text(text)
    done = shell.katas_cold("--root", str(root), "run", "challenge2", "--", "--trials", "3")
    assert done.status == 7
    assert done.out == f"{root / 'katas' / 'challenge2'} load ['--trials', '3']\n"


def test_a_program_that_cannot_run_gives_a_one_line_error() -> None:
    assert shell.katas_cold("run", "challenge5").status == 2
    assert "Choose one with --program: bug1_never_learning.py" in shell.katas_cold("run", "challenge5").err
    assert "the file does not exist" in shell.katas_cold("run", "challenge2", "--against", "nowhere").err


@pytest.mark.deep
def test_an_unwritten_program_gets_a_message_after_its_traceback() -> None:
    done = shell.katas_cold("run", "challenge3")
    assert done.status == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("katas: attention.py is not written yet: attention_weights, attend, ")
    assert last.endswith(". `katas watch challenge3` shows where to start.")
