"""A broken training program, hidden: health by the measure of the twin, and whether the program is the same one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graders.checks import task
from graders.debugging import judging
from graders.debugging.kata import probes as our_probes

PUZZLE = json.loads(Path(__file__).with_name("puzzle.json").read_text(encoding="utf-8"))
TWIN = judging.module_of(PUZZLE["twin"])


@task("heals")
def test_training_is_as_healthy_as_it_should_be(kata: Any, draw: Any, probes: Any) -> None:
    found, twins = [], []
    # Choices, where draw.seed() would do: a failing seed is tried again as 0, and that would take as long again.
    for seed in [draw.choice(judging.SEEDS) for _ in range(judging.N_SEEDS)]:
        truth = judging.truth_of(PUZZLE["twin"], seed)
        run = kata.run(probes.training, seed, TWIN.EPOCHS, truth.X, truth.pieces)
        found.append(judging.reading_of(run, truth))
        twins.append(judging.twin_reading(PUZZLE["twin"], seed, TWIN.EPOCHS, truth))
    judging.assert_healthy(found, twins, TWIN.EPOCHS)


@task("program")
def test_data_and_network_are_those_of_the_program(kata: Any, draw: Any, probes: Any) -> None:
    for seed in [draw.choice(judging.SEEDS) for _ in range(2)]:
        begun = kata.run(probes.beginning, seed)
        expected = our_probes.beginning(TWIN, seed)
        judging.assert_same_data(begun["data"], PUZZLE["twin"], PUZZLE["source"], seed)
        same = sorted(begun["shapes"]) == sorted(expected["shapes"])
        assert same, f"the parameters have the shapes {begun['shapes']}; they had {expected['shapes']}"
        assert begun["epochs"] == expected["epochs"], f"EPOCHS is {begun['epochs']}; it was {expected['epochs']}"


@task("program")
def test_as_many_steps_are_taken_on_batches_as_large(kata: Any, draw: Any, probes: Any) -> None:
    seed, epochs = draw.choice(judging.SEEDS), draw.choice((2, 3))
    run, expected = kata.run(probes.steps, seed, epochs), our_probes.steps(TWIN, seed, epochs)
    n, m = len(run["batch_sizes"]), len(expected["batch_sizes"])
    assert n == m, f"in {epochs} epochs the optimizer takes {n} steps; the program takes {m}"
    sizes, wanted = sorted(set(run["batch_sizes"])), sorted(set(expected["batch_sizes"]))
    assert sorted(run["batch_sizes"]) == sorted(expected["batch_sizes"]), f"batches have {sizes} rows, not {wanted}"
    assert run["history"] == expected["history"], f"a history of {epochs} epochs has {run['history']} entries"


@task("program")
def test_predict_asks_the_network_it_is_given_and_nothing_else(kata: Any, draw: Any, probes: Any) -> None:
    seeds = [draw.choice(judging.SEEDS) for _ in range(3)]
    X = judging.truth_of(PUZZLE["twin"], seeds[0]).X["fresh"][:60]
    runs = kata.run(probes.predictions, seeds, X)
    assert len(runs) == len(seeds), f"{len(runs)} networks answered, {len(seeds)} were asked"
    judging.assert_same_answers(runs, len(X))
