"""Hidden tests: a fixed program trains as well as its twin and is still the same program; its diagnosis is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graders.checks import diagnosis_file, task
from katas_practice import judging, readings
from katas_practice.kata import probes as our_probes

PUZZLE = json.loads(Path(__file__).with_name("puzzle.json").read_text(encoding="utf-8"))
TWIN = readings.module_of(PUZZLE["twin"])


@task("heals")
def test_training_is_as_healthy_as_it_should_be(kata: Any, draw: Any, probes: Any) -> None:
    runs, twins = [], []
    # Do not use draw.seed(): the reducer would retry a failing case with seed 0, which takes just as long.
    for seed in [draw.choice(judging.SEEDS) for _ in range(judging.N_SEEDS)]:
        truth = readings.truth_of(PUZZLE["twin"], seed)
        run = kata.run(probes.training, seed, TWIN.EPOCHS, truth.X, truth.pieces)
        runs.append(readings.reading_of(run, truth))
        twins.append(readings.measure(PUZZLE["twin"], seed, truth))
    judging.assert_healthy(runs, twins, TWIN.EPOCHS)


@task("program")
def test_data_and_network_are_those_of_the_program(kata: Any, draw: Any, probes: Any) -> None:
    for seed in [draw.choice(judging.SEEDS) for _ in range(2)]:
        start = kata.run(probes.beginning, seed)
        expected = our_probes.beginning(TWIN, seed)
        judging.assert_same_data(start["data"], PUZZLE["twin"], PUZZLE["source"], seed)
        same = sorted(start["shapes"]) == sorted(expected["shapes"])
        assert same, f"the parameters have the shapes {start['shapes']}, not {expected['shapes']}"
        assert start["epochs"] == expected["epochs"], f"EPOCHS is {start['epochs']}, not {expected['epochs']}"


@task("program")
def test_as_many_steps_are_taken_on_batches_as_large(kata: Any, draw: Any, probes: Any) -> None:
    seed, epochs = draw.choice(judging.SEEDS), draw.choice((2, 3))
    run, expected = kata.run(probes.steps, seed, epochs), our_probes.steps(TWIN, seed, epochs)
    n, m = len(run["batch_sizes"]), len(expected["batch_sizes"])
    assert n == m, f"in {epochs} epochs the optimizer takes {n} steps, not {m}"
    sizes, wanted = sorted(set(run["batch_sizes"])), sorted(set(expected["batch_sizes"]))
    assert sorted(run["batch_sizes"]) == sorted(expected["batch_sizes"]), f"batches have {sizes} rows, not {wanted}"
    assert run["history"] == expected["history"], f"a history of {epochs} epochs has {run['history']} entries"


@task("program")
def test_predict_asks_the_network_it_is_given_and_nothing_else(kata: Any, draw: Any, probes: Any) -> None:
    seeds = [draw.choice(judging.SEEDS) for _ in range(3)]
    X = readings.truth_of(PUZZLE["twin"], seeds[0]).X["fresh"][:60]
    runs = kata.run(probes.predictions, seeds, X)
    assert len(runs) == len(seeds), f"{len(runs)} of {len(seeds)} networks answered"
    judging.assert_same_answers(runs, len(X))


@task("diagnosis")
@pytest.mark.parametrize("which", range(len(PUZZLE["faults"])))
def test_cause_and_line(kata: Any, which: int) -> None:
    table = kata.toml(diagnosis_file.DIAGNOSIS)
    diagnosis_file.assert_named(table, PUZZLE["tables"], PUZZLE["faults"], which, PUZZLE["lines"])
