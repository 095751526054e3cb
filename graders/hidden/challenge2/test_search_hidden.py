"""Test the architectures, the trials, and the search that runs them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from graders.checks import Mismatch, assert_close, cases, made, task
from graders.hidden.challenge2.records import (
    PARTS,
    SPACE,
    TRIAL,
    Row,
    count,
    identity,
    in_words,
    predictions,
    read_rows,
    same,
)

N_CLASSES = 3
ACTIVATED = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
}
SIGMAS = 6  # a share may be off by this many standard errors, with one false alarm in 5e8


def promise(kept: object, said: str) -> None:
    """Fail with the message `said`, which the learner reads, unless the condition `kept` holds."""
    if not kept:
        raise Mismatch(said, None, None)


# --------------------------------------------------------------------------------------------------- the space


@task("space")
def test_the_space_has_all_432_architectures_once(kata: Any, probes: Any) -> None:
    found = kata.run(probes.space)
    promise(len(found) == len(SPACE), f"search_space() has {len(found)} architectures, expected {len(SPACE)}")
    promise(set(found) == SPACE, f"search_space() does not contain {next(iter(SPACE - set(found)), None)}")


@task("space")
def test_an_architecture_is_a_frozen_dataclass(kata: Any, probes: Any) -> None:
    found = kata.run(probes.kinds)
    promise(not found["changed"], "an Architecture can be changed; use @dataclass(frozen=True)")
    promise(found["keys"] == 1, "two equal architectures are different dict keys; use @dataclass(frozen=True)")


@task("space")
def test_a_sample_has_no_architecture_twice(kata: Any, draw: Any, probes: Any) -> None:
    samples = kata.run(probes.samples, 50, [draw.seed() for _ in range(5)])
    for found in samples:
        promise(len(found) == 50, f"sample(50, rng) returned {len(found)} architectures")
        promise(len(set(found)) == 50, f"sample(50, rng) returned only {len(set(found))} different architectures")
        promise(set(found) <= SPACE, "sample(50, rng) returned architectures that are not in the space")
    (whole,) = kata.run(probes.samples, len(SPACE), [draw.seed()])
    promise(set(whole) == SPACE, "sample(432, rng) did not return the whole space")


@task("space")
def test_a_sample_depends_on_its_generator_alone(kata: Any, draw: Any, probes: Any) -> None:
    one, other = draw.seed(), draw.seed()
    first, again, different = kata.run(probes.samples, 30, [one, one, other])
    promise(first == again, "two generators with the same seed give different samples; draw from `rng` alone")
    promise(first != different, "two generators with different seeds give the same sample; draw from `rng`")


@task("space")
def test_all_architectures_are_equally_likely(kata: Any, draw: Any, probes: Any) -> None:
    drawn = list(itertools.chain(*kata.run(probes.samples, 30, [draw.seed() for _ in range(60)])))
    for place, name in enumerate(PARTS):
        values = {parts[place] for parts in SPACE}
        for value in sorted(values):
            share, expected = np.mean([parts[place] == value for parts in drawn]), 1 / len(values)
            slack = SIGMAS * np.sqrt(expected * (1 - expected) / len(drawn))
            promise(abs(share - expected) <= slack, f"{share:.1%} of the sampled architectures have {name} {value}, "
                    f"expected about {expected:.1%}, as in the space")  # fmt: skip


# ------------------------------------------------------------------------------------------------- the network


def architecture(draw: Any, **given: Any) -> tuple[Any, ...]:
    """Draw an architecture from the search space, with the parts in `given` fixed."""
    fitting = sorted(
        parts for parts in SPACE if all(parts[PARTS.index(name)] == value for name, value in given.items())
    )
    return draw.choice(fitting)


@task("network")
@cases(6)
def test_a_network_has_the_layers_of_its_architecture(kata: Any, draw: Any, probes: Any) -> None:
    activation = tuple(ACTIVATED)[draw.case % 3]
    parts = architecture(draw, activation=activation, width=(32, 64)[draw.case % 2])
    n_inputs, n_classes = draw.sizes("n_inputs", 5, 20), draw.sizes("n_classes", 2, 12)
    X = draw.normal(7, n_inputs)
    run = kata.run(probes.network, parts, n_inputs, n_classes, X)
    layers, width, *_ = parts
    sizes = [n_inputs, *[width] * layers, n_classes]
    expected = [shape for fan_in, fan_out in itertools.pairwise(sizes) for shape in ((fan_out, fan_in), (fan_out,))]
    shapes = [array.shape for array in run["parameters"]]
    promise(shapes == expected, f"{layers} layers of {width}: parameters have shapes {shapes}, expected {expected}")
    a, scale = X, np.abs(X)
    for number, (W, b) in enumerate(_pairs(run["parameters"])):
        z, scale = a @ W.T + b, scale @ np.abs(W).T + np.abs(b)
        a = z if number == layers else ACTIVATED[activation](z)
    assert_close(run["logits"], a, scale=scale, terms=max(sizes) * (layers + 1))
    if draw.case == 0:
        one, other, again = kata.run(probes.drawn, parts, [7, 8, 7])
        promise(
            one == again,
            "`build` draws different weights after the same torch.manual_seed; draw them from torch's generator alone",
        )
        promise(one != other, "`build` draws the same weights after two different torch.manual_seed")


def _pairs(parameters: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(parameters[::2], parameters[1::2], strict=True))


@task("network")
@cases(12)
def test_parameters_are_counted_correctly(kata: Any, draw: Any, probes: Any) -> None:
    parts = architecture(draw, layers=(2, 4, 6, 8)[draw.case % 4], width=(32, 64, 256)[draw.case % 3])
    n_inputs, n_classes = draw.choice([3072, 784, 1]), draw.choice([10, 2, 100])
    expected = count(dict(zip(PARTS, parts, strict=True)), n_inputs, n_classes)
    found = kata.run(probes.count, parts, n_inputs, n_classes)
    promise(
        found == expected,
        f"count_parameters for {parts} from {n_inputs} inputs to {n_classes} classes: expected {expected}, got {found}",
    )


@task("network")
@cases(4)
def test_dropout_follows_every_activation_and_nothing_else(kata: Any, draw: Any, probes: Any) -> None:
    p, n = (0.5, 0.2, 0.0, 0.5)[draw.case], 20_000
    parts = architecture(draw, layers=2, width=32, dropout=p, **({} if draw.case < 3 else {"activation": "elu"}))
    value = 1.0 if draw.case < 3 else -1.0  # below 0, ELU is curved, so dropout before it would give different values
    out = kata.run(probes.passed, parts, value, n, draw.seed())
    kept, handed = (1 - p) ** 2, value
    for _ in range(2):
        handed = float(ACTIVATED[parts[2]](handed)) / (1 - p)
    promise(
        np.isin(np.round(out, 9), np.round([0.0, handed], 9)).all(),
        f"{parts[2]}, dropout {p:g}, 2 layers: a unit whose input is {value:g} should output 0 or {handed:.4g} at the "
        f"end, got {np.unique(out.round(4))[:5]}. The order is Linear, activation, Dropout",
    )
    for name, share, expected in (
        ("one unit passes through", np.mean(out[:, 0] != 0), kept),
        ("two units pass together through", np.mean((out[:, 0] != 0) & (out[:, 1] != 0)), kept**2),
    ):
        slack = SIGMAS * np.sqrt(expected * (1 - expected) / n) + 1e-12
        promise(abs(share - expected) <= slack, f"dropout {p:g}: {name} both layers in {share:.3f} of all rows, "
                f"expected {expected:.3f}")  # fmt: skip


# -------------------------------------------------------------------------------------------------- the trial


def pictures(seed: int, noise: float, n_train: int = 500, n_validation: int = 150) -> dict[str, Any]:
    """Return the fields of ImageData.

    The rows have 12 bytes and belong to three classes, each scattered around its own centre.
    """
    rng = np.random.default_rng(seed)
    centres = rng.permuted(np.tile([[70.0], [185.0], [128.0]], 12), axis=0)
    y = rng.integers(0, N_CLASSES, n_train + n_validation)
    X = np.clip(centres[y] + rng.normal(0, noise, (len(y), 12)), 0, 255).astype(np.uint8)
    data = {"X_train": X[:n_train], "y_train": y[:n_train], "X_validation": X[n_train:], "y_validation": y[n_train:]}
    fields = {"name": "blobs", **data, "n_classes": N_CLASSES}
    return made(fields, f"given.pictures({seed}, {noise}, {n_train}, {n_validation})")  # the visible tests' are equal


MANIFOLD = 2**10 * 3**2 * 5**3 * 7  # seeds this far apart agree modulo 16, 100, 1000 and 1024
ROUNDING = 1e-3  # room for float32 rounding in a few hundred steps; halving the learning rate once has more effect
EASY, HARD = 18.0, 110.0  # the noise with which the solution's accuracy after eight epochs is 1.00 and about 0.7
LEARNT = 4  # the seed of pictures that even SGD at a rate of 0.003 learns, and no network whose gradients add up


@task("trial")
def test_a_trial_reports_its_settings_and_its_result(kata: Any, draw: Any, probes: Any) -> None:
    data = pictures(LEARNT, EASY, n_train=1000)
    classes, blind = data["y_validation"], np.random.default_rng(draw.seed()).integers(0, N_CLASSES, 150)
    data = data | {"y_validation": blind}  # a submission that knew the classes could report any accuracy
    parts, seed = (2, 64, "elu", 0.2, 32), 31
    run = {"parts": parts, "data": data, "epochs": 20, "seed": seed}
    trial, short = kata.run(probes.trials, [run, run | {"epochs": 1, "pause": 0.6}])
    asked = dict(zip(PARTS, parts, strict=True)) | {"dataset": "blobs", "epochs": 20, "seed": seed}
    found = {name: trial[name] for name in asked}
    promise(found == asked, f"the trial reports {found}, expected {asked}")
    parameters = count(asked, 12, N_CLASSES)
    promise(
        trial["parameters"] == parameters, f"the trial reports {trial['parameters']} parameters, expected {parameters}"
    )
    right = trial["accuracy"] * 150
    promise(
        abs(right - round(right)) < 1e-4 and 0 <= right <= 150,
        f"the accuracy {trial['accuracy']:g} is impossible with 150 rows",
    )
    reached = float(np.mean(predictions(asked, trial, blind, 12, N_CLASSES) == classes))
    promise(
        reached >= 0.7,
        f"three classes that lie far apart, 20 epochs of 1 000 rows: the network classifies {reached:.2f} of the "
        "validation rows correctly, expected at least 0.70",
    )
    for each in (trial, short):
        promise(
            0 < each["seconds"] <= each["took_seconds"] + 0.1,
            f"the trial reports {each['seconds']:g} seconds, but the call took {each['took_seconds']:.3f}",
        )
    promise(
        trial["threads"] == 1, f"run_trial uses {trial['threads']} threads, expected 1; call torch.set_num_threads(1)"
    )


@task("trial")
def test_the_same_trial_has_the_same_accuracy(kata: Any, draw: Any, probes: Any) -> None:
    data, parts = pictures(draw.seed(), HARD, n_validation=700), architecture(draw, layers=2, width=64, dropout=0.2)
    near = draw.seed() % 1000
    seeds = [near, near + MANIFOLD, *(draw.seed() for _ in range(2))]
    runs = [{"parts": parts, "data": data, "epochs": 3, "seed": seed} for seed in [*seeds, *seeds]]
    trials = kata.run(probes.trials, runs)
    found = [trial["accuracy"] for trial in trials]
    promise(
        found[:4] == found[4:],
        f"the same four trials, run twice: accuracies {found[:4]} and then {found[4:]}; the seed should decide them",
    )
    for place, other in itertools.combinations(range(4), 2):
        alike = np.array_equal(trials[place]["said"], trials[other]["said"])
        promise(not alike, f"seeds {seeds[place]} and {seeds[other]} train the same network in the same way")


@task("trial")
def test_the_accuracy_is_measured_on_all_rows_after_training(kata: Any, draw: Any, probes: Any) -> None:
    n, epochs = 1037, 20  # n isn't divisible by any batch size; early stopping would have time to act
    picture_seed = draw.seed()
    data = pictures(picture_seed, HARD, n_train=150, n_validation=n)
    parts = architecture(draw, layers=2, width=64, dropout=0.0, batch_size=32)
    other = data["X_validation"].copy()
    other[: n // 2] //= 8
    rows = f"given.pictures({picture_seed}, {HARD}, 150, {n})['X_validation']"
    made(other, f"np.concatenate([{rows}[:{n // 2}] // 8, {rows}[{n // 2}:]])")
    run = {"parts": parts, "epochs": epochs, "seed": draw.seed()}
    changes: list[dict[str, Any]] = [{"y_validation": np.full(n, label)} for label in range(N_CLASSES)]
    changes.append({"X_validation": other})
    trials = kata.run(probes.trials, [run | {"data": data | change} for change in changes])
    shares = [
        trial["accuracy"] for trial in trials[:N_CLASSES]
    ]  # the network is the same each time, and all rows have the same label
    for right in (share * n for share in shares):
        promise(
            abs(right - round(right)) < 3e-4,
            f"of {n} validation rows, {right:.3f} count as right; count every row with the same weight",
        )
    promise(
        abs(sum(shares) - 1) < 1e-6,
        f"the same network, validated with every label in turn: the accuracies sum to {sum(shares):.4f}, expected 1. "
        "Count the right answers among all validation rows after the last epoch, and don't use these rows in training",
    )
    first, *others = trials
    for changed, trial in zip(("labels", "labels", "pictures"), others, strict=True):
        promise(
            _trained_alike(first, trial),
            f"changing the validation {changed} changes the training; don't use the validation rows in training",
        )
    kept = _found_again(first["last"], trials[-1]["last"])
    promise(
        kept >= n - n // 2,
        f"half of the validation pictures were changed, but the network's answers stayed the same for only {kept} of "
        f"the other {n - n // 2}; the scaling of a picture must not depend on other validation pictures",
    )


def _trained_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two training runs had the same inputs and outputs, up to rounding."""
    for name in ("heard", "said"):
        a, b = (trial[name][trial["training"]] for trial in (one, other))
        if a.shape != b.shape or not np.allclose(a, b, rtol=ROUNDING, equal_nan=True):
            return False
    return True


def _found_again(rows: np.ndarray, others: np.ndarray) -> int:
    """Return how many of these rows also occur in `others`, up to rounding."""
    if rows.shape[1] != others.shape[1] or not len(others):
        return 0
    near = ROUNDING * np.abs(rows).max()
    return sum(bool(np.abs(others - row).max(axis=1).min() <= near) for row in rows)


@task("trial")
def test_the_network_does_not_learn_from_validation_rows(kata: Any, probes: Any) -> None:
    data = pictures(LEARNT, EASY, n_validation=500)
    labels = f"(given.pictures({LEARNT}, {EASY}, 500, 500)['y_validation'] + 1) % {N_CLASSES}"
    turned = data | {"y_validation": made((data["y_validation"] + 1) % N_CLASSES, labels)}
    parts = (2, 64, "elu", 0.0, 32)
    (trial,) = kata.run(probes.trials, [{"parts": parts, "data": turned, "epochs": 40, "seed": 4}])
    # the accuracy of right trainings is 0.00, even at low rates; learning from both parts leads to 0.35 to 0.8
    promise(
        trial["accuracy"] <= 0.15,
        "with validation labels that contradict the training rows, the accuracy is "
        f"{trial['accuracy']:.2f}, expected at most 0.15; don't train on the validation rows",
    )


@task("trial")
@cases(3)
def test_every_epoch_uses_every_row_once_in_batches(kata: Any, draw: Any, probes: Any) -> None:
    batch = (32, 64, 128)[draw.case]
    data, parts = pictures(draw.seed(), HARD), architecture(draw, layers=2, width=32, batch_size=batch, dropout=0.2)
    (trial,) = kata.run(probes.trials, [{"parts": parts, "data": data, "epochs": 3, "seed": draw.seed()}])
    rows, training = trial["rows"], trial["training"]
    trained = rows[training]
    promise(
        trained.sum() == 3 * 500,
        f"3 epochs of 500 rows: {trained.sum()} rows went through the network in training, expected 1500",
    )
    promise(trained.max() == batch, f"batches of {batch}: the largest has {trained.max()} rows")
    steps, different = 3 * -(-500 // batch), len(np.unique(data["X_train"], axis=0))
    promise(
        len(trained) == steps,
        f"3 epochs of 500 rows in batches of {batch}: there were {len(trained)} steps, expected {steps}",
    )
    promise(
        not training[-1] and rows[~training].sum() >= 150,
        "after training, all validation rows should go through the network in evaluation mode; call model.eval() first",
    )
    epochs = trial["which"].reshape(3, -1)
    seen = min(len(set(epoch)) for epoch in epochs)
    promise(
        seen >= different,
        f"one epoch used only {seen} of {different} different rows; use each row once per epoch",
    )
    batches = [{frozenset(epoch[i : i + batch]) for i in range(0, 500, batch)} for epoch in epochs]
    promise(
        not batches[0] & batches[1] and not batches[1] & batches[2],
        "two epochs have a batch in common; draw a new order of the rows in every epoch",
    )


# -------------------------------------------------------------------------------------------------- the search


def logged(run: dict[str, Any]) -> list[Row]:
    return read_rows(run["log_with_seconds"], "the log", TRIAL, exactly=False)


def assert_logged(run: dict[str, Any], trials: list[Row]) -> None:
    """Check that the log holds each of these trials once, in any order, and nothing else."""
    rows = logged(run)
    keys = [identity(row) for row in rows]
    twice = [row for row in rows if keys.count(identity(row)) > 1]
    promise(not twice, f"the log contains {in_words(twice[0]) if twice else ''} more than once")
    missing = [trial for trial in trials if identity(trial) not in keys]
    promise(not missing, f"the log has {len(rows)} rows, but not {in_words(missing[0]) if missing else ''}")
    promise(len(rows) == len(trials), f"{len(trials)} trials have finished, but the log has {len(rows)} rows")
    for trial in trials:
        row = rows[keys.index(identity(trial))]
        for name in TRIAL:
            promise(same(row[name], trial[name]), f"in the log {name} is {row[name]}, in the trial {trial[name]}")


def several(draw: Any, n: int) -> list[tuple[Any, ...]]:
    """Draw n architectures, no two of which have the same layers, width and batch size."""
    places = [(layers, width, batch) for layers in (2, 4, 6, 8) for width in (32, 64, 128, 256) for batch in (32, 64)]
    order = np.random.default_rng(draw.seed()).permutation(len(places))[:n]
    return [(places[i][0], places[i][1], draw.choice(["relu", "elu"]), 0.2, places[i][2]) for i in order]


def assert_trials(found: list[Row], architectures: list[Any]) -> None:
    """Check that there is one trial for each architecture, in the order of `architectures`."""
    order = [tuple(trial[name] for name in PARTS) for trial in found]
    promise(
        sorted(order) == sorted(architectures),
        f"search returned {len(order)} trials, expected one for each of the {len(architectures)} architectures",
    )
    promise(order == list(architectures), "search did not return the trials in the order of the architectures")


def stated(run: dict[str, Any]) -> list[Row]:
    """Return the trials that a search ran through `run_trial` or, if it bypassed `run_trial`, those it returned."""
    return run["ran"] if len(run["ran"]) == run["begun"] else run["trials"]


@task("search")
def test_every_trial_is_run_once_logged_and_returned(kata: Any, draw: Any, probes: Any) -> None:
    asked = several(draw, 9)
    settings = {"dataset": "shapes32", "epochs": 2}
    twice = [asked[0], asked[1], asked[0]]
    searches = [{"architectures": asked, **settings, "seed": 3}, {"architectures": twice, **settings, "seed": 4}]
    run, doubled = kata.run(probes.searches, searches)
    assert_trials(run["trials"], asked)
    promise(run["begun"] == 9, f"search ran {run['begun']} trials for 9 architectures")
    promise(
        sorted(map(str, run["trials"])) == sorted(map(str, stated(run))), "search did not return the trials that it ran"
    )
    assert_logged(run, stated(run))
    promise(
        doubled["begun"] == 2,
        f"search ran {doubled['begun']} trials for 2 architectures, one of them listed twice; expected 2",
    )
    assert_trials(doubled["trials"], twice)
    assert_logged(doubled, run["trials"] + doubled["trials"][:2])


@task("search")
def test_trials_in_the_log_are_not_run_again(kata: Any, draw: Any, probes: Any) -> None:
    asked = several(draw, 8)
    same_ = {"dataset": "shapes32", "epochs": 2, "seed": 3}
    runs = [
        {"architectures": asked[:5], **same_},
        {"architectures": asked[::-1], **same_},
        {"architectures": asked[:2], **same_ | {"seed": 4}},
        {"architectures": asked[:2], **same_ | {"epochs": 5}},
        {"architectures": asked[:2], **same_ | {"dataset": "cifar10"}},
        {"architectures": asked, **same_},
    ]
    found = kata.run(probes.searches, runs)
    begun = [run["begun"] for run in found]
    promise(begun[1] == 3, f"the log had 5 of 8 trials, but search ran {begun[1]}; expected 3")
    promise(
        begun[2:5] == [2, 2, 2],
        f"two logged trials with (1) a new seed, (2) new epochs, (3) a new data set: search ran {begun[2:5]}, "
        "expected [2, 2, 2]",
    )
    promise(begun[5] == 0, f"the log had all trials, but search ran {begun[5]} again")
    assert_trials(found[1]["trials"], asked[::-1])
    known: dict[tuple[Any, ...], Row] = {}
    for trial in (trial for run in found for trial in stated(run)):
        known.setdefault(identity(trial), trial)
    for trial in [*found[1]["trials"], *found[5]["trials"]]:
        first = known[identity(trial)]
        promise(
            all(same(trial[name], first[name]) for name in TRIAL),
            "a trial from the log differs from the one logged",
        )
    assert_logged(found[5], list(known.values()))


@task("recovery")
@cases(2)
def test_an_interrupted_search_continues(kata: Any, draw: Any, probes: Any) -> None:
    fault = ("KeyboardInterrupt", "ValueError")[draw.case]
    asked = several(draw, 9)
    settings = {"architectures": asked, "dataset": "shapes32", "epochs": 2, "seed": 3}
    first, second = kata.run(probes.searches, [{**settings, "stop": 5, "fault": fault}, settings])
    promise(first["raised"] == fault, f"{fault} in the fifth trial does not reach the caller of search")
    promise(first["begun"] == 4, f"{fault} in the fifth trial: {first['begun']} trials ran, expected 4")
    promise(len(logged(first)) == 4, f"4 trials had finished, but the log has {len(logged(first))} rows")
    promise(second["begun"] == 5, f"4 of 9 trials were logged, but the next search ran {second['begun']}; expected 5")
    assert_trials(second["trials"], asked)
    kept = {identity(row) for row in logged(first)}
    assert_logged(first, first["ran"] or [trial for trial in second["trials"] if identity(trial) in kept])
    assert_logged(second, second["trials"])


@task("recovery")
def test_an_incomplete_last_line_of_the_log_is_run_again(kata: Any, draw: Any, probes: Any) -> None:
    asked = several(draw, 6)
    settings = {"architectures": asked, "dataset": "shapes32", "epochs": 2, "seed": 3}
    for away in (1 + draw.choice([2, 3]), 12):
        first, second = kata.run(probes.searches, [settings, {**settings, "away": away}])
        promise(
            second["begun"] == 1, f"the log's last line is incomplete; search ran {second['begun']} trials, expected 1"
        )
        assert_trials(second["trials"], asked)
        assert_logged(second, first["ran"] or second["trials"])


@task("search")
def test_trials_on_an_executor_are_logged_as_they_finish(kata: Any, draw: Any, probes: Any) -> None:
    asked = several(draw, 6)
    order = [5, 3, 4, 0, 2, 1]
    run = kata.run(probes.on_executor, asked, order, None)
    promise(run["given"] == 6, f"the executor got {run['given']} of 6 trials; submit them all, and then wait")
    expected = [2, 3, 4, 5, 6, 7]
    promise(
        run["rows"] == expected,
        f"lines in the log after each finished trial: {run['rows']}, expected {expected}. Append each trial as soon as "
        "it finishes, in whatever order they finish",
    )
    promise(
        all(there <= number for number, there in enumerate(run["inside"], 1)),
        "a trial is in the log before its future is done; the process that runs search should write it, not a worker",
    )
    assert_trials(run["trials"], asked)
    assert_logged(run, run["trials"])


@task("recovery")
@cases(2)
def test_a_failing_trial_keeps_the_others(kata: Any, draw: Any, probes: Any) -> None:
    fault = ("ValueError", "KeyboardInterrupt")[draw.case]
    run = kata.run(probes.on_executor, several(draw, 4), [2, 0, 1, 3], 1, fault)
    promise(run["raised"] == fault, f"a trial raised {fault}, which did not reach the caller of search")
    rows = logged(run)
    promise(len(rows) >= 2, f"two trials had finished before one failed, but the log has {len(rows)} rows")


@task("recovery")
def test_the_workers_may_be_other_processes(kata: Any, draw: Any, probes: Any) -> None:
    asked = [architecture(draw, layers=2, width=32, batch_size=size) for size in (32, 64)]
    data = pictures(draw.seed(), HARD, n_train=128)
    run = kata.run(probes.sent, asked, data, 2, draw.seed())
    promise(run["sent"] == 2, f"the executor got {run['sent']} of 2 trials")
    promise(run["again"] == 5, "search shut the executor down; leave that to the caller")
    assert_trials(run["trials"], asked)
    for one, other in zip(run["trials"], run["alone"], strict=True):
        promise(
            one["accuracy"] == other["accuracy"],
            f"a trial reaches accuracy {one['accuracy']} with an executor and {other['accuracy']} without; expected "
            "the same",
        )
