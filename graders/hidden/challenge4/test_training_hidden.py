"""Challenge 4, hidden: what each approach leaves alone, what it trains, and what its history says.

The backbone that is passed has weights of the judge's own, and what comes back is taken apart here: the judge runs its
own copy of the network on the weights of the run, and believes neither logits nor histories.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checks import cases, task
from graders.hidden.challenge4.promise import promise
from graders.hidden.challenge4.reference import (
    N_FEATURES,
    N_STAGES,
    STATISTICS,
    drawn_photos,
    flat,
    hidden_photos,
    logits_of,
    loss_and_accuracy,
    network_of,
    shaken_weights,
    shipped_weights,
    stages_of,
)
from graders.hidden.challenge4.reference import tensor as image_tensor

COLUMNS = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
LABELS = {"feature_extraction": "feature extraction", "fine_tuning": "fine-tuning", "full_training": "full training"}
# logits in float32 of sums of some thousand terms, which another order of summing moves by 1e-5
ROUNDING = 1e-3


def near(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(found.shape == expected.shape and abs(found - expected).max() <= ROUNDING * max(1, abs(expected).max()))


# ------------------------------------------------------------------------------------------------------- the backbone


@task("backbone")
def test_the_small_backbone_has_the_weights_that_were_shipped(kata: Any, draw: Any, probes: Any) -> None:
    images, _ = hidden_photos()
    images = images[np.random.default_rng(draw.seed()).permutation(len(images))[:20]]
    found = kata.run(probes.loaded, images)
    promise(found["stages"] == "ModuleList", f"stages is a {found['stages']}, a ModuleList is promised")
    promise(found["count"] == N_STAGES, f"the backbone has {found['count']} stages, {N_STAGES} are promised")
    promise(found["n_features"] == N_FEATURES, f"n_features is {found['n_features']}, and features are {N_FEATURES}")
    promise(not found["training"], "the backbone is in training mode")
    weights = shipped_weights()
    promise(set(found["state"]) == set(weights), "the backbone's parameters are not those of backbones.tiny")
    for name, values in weights.items():
        promise(
            np.array_equal(found["state"][name], values),
            f"{name} is not what tiny.safetensors holds (or one backbone was changed with another)",
        )
    expected = network_of(weights)(image_tensor(images)).detach().numpy()
    promise(near(found["features"], expected), "the features of images are not those of this network")


@task("backbone")
def test_a_name_that_is_nobodys_is_refused(kata: Any, probes: Any) -> None:
    kata.run(probes.load, "tiny")
    for name in ("huge", "", "Tiny net"):
        with kata.raises(ValueError):
            kata.run(probes.load, name)


# -------------------------------------------------------------------------------------- what moves, and what does not


def assert_moved(approach: str, before: Any, run: Any, frozen: int, n_classes: int) -> None:
    """Of the stages the first `frozen` are bit for bit what they were, and everything in the others is another."""
    name = LABELS[approach]
    after, head = run["backbone"], run["head"]
    promise(set(after) == set(before), "the run's backbone is no copy of the one that was passed")
    for stage, key in zip(stages_of(list(before)), before, strict=True):
        same = np.array_equal(before[key], after[key])
        kind = "the batch-norm statistic" if key.endswith(STATISTICS) else "the parameter"
        if stage < frozen:
            promise(same, f"{name}: {kind} {key} of stage {stage}, which is frozen, has changed")
        else:
            promise(not same, f"{name}: {kind} {key} of stage {stage}, which is trained, has not changed")
    promise(
        head[0].shape == (n_classes, N_FEATURES) and head[1].shape == (n_classes,),
        f"{name}: the head has weights of shape {head[0].shape}; ({n_classes}, {N_FEATURES}) is promised",
    )
    trained = {"head.weight", "head.bias"} | {
        f"backbone.{key}"
        for stage, key in zip(stages_of(list(before)), before, strict=True)
        if stage >= frozen and not key.endswith(STATISTICS)
    }
    stray = sorted(set(run["trained"]) - trained)
    promise(not stray, f"{name}: {len(stray)} parameters that are not trained require a gradient, as {stray[:1]}")
    short = sorted(trained - set(run["trained"]))
    promise(not short, f"{name}: {len(short)} parameters that are trained require no gradient, as {short[:1]}")
    count = sum(values.size for values in head)
    count += sum(before[key.removeprefix("backbone.")].size for key in trained if key.startswith("backbone."))
    promise(
        run["trainable_parameters"] == count,
        f"{name}: trainable_parameters is {run['trainable_parameters']}, {count} numbers are trained",
    )


def assert_left_alone(run: Any, approach: str) -> None:
    """The backbone that was passed, and torch's global generator; frozen stages worked as in evaluation mode."""
    name, (before, after) = LABELS[approach], run["passed"]
    for key, values in before["state"].items():
        promise(
            np.array_equal(after["state"][key], values), f"{name} has changed {key} of the backbone that was passed"
        )
    promise(
        after["requires_grad"] == before["requires_grad"], f"{name} has changed requires_grad of the backbone passed"
    )
    promise(after["training"] == before["training"], f"{name} has changed the mode of the backbone passed")
    promise(not after["gradients"], f"{name} has left gradients in the backbone passed")
    promise(not run["touched"], f"{name} has moved torch's global generator")
    promise(
        not run["frozen_norms"],
        f"{name}: batch norms of frozen stages normalised by the batch, as in training, {run['frozen_norms']} times",
    )


def assert_told(run: Any, approach: str, parts: Any, epochs: int) -> None:
    """Model, history and seconds are what they say."""
    name, history = LABELS[approach], run["history"]
    promise(not run["training"], f"{name}: the run's model is in training mode")
    logits = [logits_of(run, images) for images in parts[::2]]
    promise(near(run["logits"], logits[1]), f"{name}: the model's logits are not head(backbone(images))")
    promise(history["kind"] == "DataFrame", f"the history is a {history['kind']}, a DataFrame is promised")
    promise(history["columns"] == COLUMNS, f"the history has the columns {history['columns']}, {COLUMNS} are promised")
    values = history["values"]
    promise(
        values["epoch"].tolist() == list(range(1, epochs + 1)),
        f"{name}: the history tells of the epochs {values['epoch'].tolist()}, 1 to {epochs} were asked",
    )
    for part, answer, labels in zip(("train", "validation"), logits, parts[1::2], strict=True):
        loss, accuracy = loss_and_accuracy(answer, labels)
        told = values[f"{part}_loss"][-1], values[f"{part}_accuracy"][-1]
        promise(
            abs(told[0] - loss) <= ROUNDING * max(1, loss),
            f"{name}: after epoch {epochs} the history tells a {part}_loss of {told[0]:.4f}; the model has {loss:.4f}",
        )
        promise(  # one image may lie on the edge
            abs(told[1] - accuracy) <= 1.5 / len(labels),
            f"{name}: after epoch {epochs} the history tells a {part}_accuracy of {told[1]:.3f}; the model has "
            f"{accuracy:.3f}",
        )


def trained(kata: Any, draw: Any, probes: Any, approach: str, options: dict[str, Any], n_classes: int) -> Any:
    """A run of a backbone of the judge's own; what was passed, and the run."""
    state = shaken_weights(draw.seed())
    given = {"training": draw.case % 2 == 0, "requires_grad": draw.case % 2 == 0}
    parts = drawn_photos(draw.seed(), 40, 30, n_classes)
    options = options | {"epochs": 2, "seed": draw.seed() % 10_000}
    run = kata.run(probes.training, approach, options, flat(state), given, parts, n_classes)
    promise(0 < run["seconds"] <= run["wall"] + 0.05, f"seconds is {run['seconds']:.3f}, it took {run['wall']:.3f}")
    assert_left_alone(run, approach)
    return state, run


@task("extraction")
@cases(2)
def test_feature_extraction_trains_the_head_alone(kata: Any, draw: Any, probes: Any) -> None:
    n_classes = draw.integers(2, 7)
    state, run = trained(kata, draw, probes, "feature_extraction", {}, n_classes)
    assert_moved("feature_extraction", state, run, N_STAGES, n_classes)


@task("tuning")
@cases(4)
def test_fine_tuning_trains_the_last_stages(kata: Any, draw: Any, probes: Any) -> None:
    n_classes = draw.integers(2, 7)
    unfrozen = (None, 3, 2, draw.choice([0, 1, 4, 5]))[draw.case]
    options = {} if unfrozen is None else {"unfrozen": unfrozen}
    state, run = trained(kata, draw, probes, "fine_tuning", options, n_classes)
    assert_moved("fine_tuning", state, run, N_STAGES - (1 if unfrozen is None else unfrozen), n_classes)


@task("tuning")
def test_more_stages_than_there_are_cannot_be_trained(kata: Any, draw: Any, probes: Any) -> None:
    state, parts = shaken_weights(draw.seed()), drawn_photos(draw.seed(), 20, 10)
    for unfrozen in (-1, N_STAGES + 1):
        with kata.raises(ValueError):
            kata.run(probes.refused, flat(state), parts, 6, unfrozen)


@task("full")
@cases(2)
def test_full_training_trains_everything(kata: Any, draw: Any, probes: Any) -> None:
    n_classes = draw.integers(2, 7)
    state, run = trained(kata, draw, probes, "full_training", {}, n_classes)
    assert_moved("full_training", state, run, 0, n_classes)


FROZEN_OF_THREE = {"extraction": ("feature_extraction", {}, 3), "tuning": ("fine_tuning", {"unfrozen": 2}, 1)}


def assert_of_another_kind(kata: Any, draw: Any, probes: Any, asked: str) -> None:
    approach, options, frozen = FROZEN_OF_THREE[asked]
    parts = drawn_photos(draw.seed(), 40, 20, 3)
    options = options | {"epochs": 2, "seed": draw.seed() % 10_000}
    run = kata.run(probes.of_another_kind, approach, options, draw.seed() % 10_000, parts, 3)
    for key, values in run["before"].items():
        same = np.array_equal(run["backbone"].get(key), values)
        stage = int(key.split(".")[1])
        expected = "stay as it was" if stage < frozen else "be trained"
        promise(same == (stage < frozen), f"a backbone of three stages: {key} should {expected}")


@task("extraction")
def test_a_backbone_of_another_kind_is_frozen_too(kata: Any, draw: Any, probes: Any) -> None:
    assert_of_another_kind(kata, draw, probes, "extraction")


@task("tuning")
def test_a_backbone_of_another_kind_is_tuned_too(kata: Any, draw: Any, probes: Any) -> None:
    assert_of_another_kind(kata, draw, probes, "tuning")


# ----------------------------------------------------------------------------------- what has a say, and what has not


def assert_what_has_a_say(kata: Any, draw: Any, probes: Any, approach: str) -> None:
    """The training images, their labels and the seed decide the run, and the validation images do not."""
    n_classes, state = 4, shaken_weights(draw.seed())
    parts, other = drawn_photos(draw.seed(), 40, 40, n_classes), drawn_photos(draw.seed(), 10, 17, n_classes)
    turned = [*parts[:3], (parts[3] + 1) % n_classes]
    strange, relabelled = parts[:2] + other[2:], [parts[0], (parts[1] + 1) % n_classes, *parts[2:]]
    options = {"epochs": 2, "seed": draw.seed() % 10_000}
    asked = [parts, turned, strange, parts, relabelled, parts]
    chosen = [options] * 5 + [options | {"seed": options["seed"] + 1}]
    runs = kata.run(probes.trainings, approach, flat(state), asked, n_classes, chosen)
    first, turned_run, strange_run, again, relabelled_run, another = (
        [*run["head"], *run["backbone"].values()] for run in runs
    )
    for run, said in ((turned_run, "other labels of the validation images"), (strange_run, "other validation images")):
        promise(all(map(np.array_equal, first, run)), f"{LABELS[approach]}: {said}, and another model is trained")
    promise(all(map(np.array_equal, first, again)), f"{LABELS[approach]}: equal seeds give two models")
    for run, said in ((relabelled_run, "the labels are others"), (another, "the seed is another")):
        promise(not all(map(np.array_equal, first, run)), f"{LABELS[approach]}: {said}, and the model is the same")


@task("extraction")
def test_validation_has_no_say_in_feature_extraction(kata: Any, draw: Any, probes: Any) -> None:
    assert_what_has_a_say(kata, draw, probes, "feature_extraction")


@task("tuning")
def test_validation_has_no_say_in_fine_tuning(kata: Any, draw: Any, probes: Any) -> None:
    assert_what_has_a_say(kata, draw, probes, "fine_tuning")


@task("full")
def test_validation_has_no_say_in_full_training(kata: Any, draw: Any, probes: Any) -> None:
    assert_what_has_a_say(kata, draw, probes, "full_training")


# ------------------------------------------------------------------------------------------------------ the histories


@task("history")
@cases(3)
def test_every_epoch_of_the_history_is_what_the_model_was_then(kata: Any, draw: Any, probes: Any) -> None:
    approach = list(LABELS)[draw.case]
    state, parts = shaken_weights(draw.seed()), drawn_photos(draw.seed(), 60, 50, 5)
    seed, lengths = draw.seed() % 10_000, (1, 2, 3, 4)
    options = [{"epochs": epochs, "seed": seed} for epochs in lengths]
    runs = kata.run(probes.trainings, approach, flat(state), [parts] * len(lengths), 5, options)
    for run, epochs in zip(runs, lengths, strict=True):
        assert_told(run, approach, parts, epochs)
    for run, epochs in zip(runs[:-1], lengths[:-1], strict=True):
        for name in COLUMNS:
            short, long = run["history"]["values"][name], runs[-1]["history"]["values"][name][:epochs]
            promise(
                near(short, long),
                f"{LABELS[approach]}: {name} of {epochs} epochs is {short.round(4).tolist()}, and the same epochs of a "
                f"longer run have {long.round(4).tolist()}",
            )


@task("interrupted")
@cases(2)
def test_an_interrupt_leaves_the_run_of_the_epochs_that_were_finished(kata: Any, draw: Any, probes: Any) -> None:
    approach = ("feature_extraction", "full_training")[draw.case]
    state, parts = shaken_weights(draw.seed()), drawn_photos(draw.seed(), 60, 40, 4)
    seed = draw.seed() % 10_000
    run = kata.run(probes.interrupted, approach, flat(state), parts, 4, 4, 2.5, seed)
    promise(not run["raised"], "Ctrl-C in the third epoch: the interrupt came out, and nothing is left of two epochs")
    (whole,) = kata.run(probes.trainings, approach, flat(state), [parts], 4, [{"epochs": 2, "seed": seed}])
    assert_told(run, approach, parts, 2)
    for name in COLUMNS:
        promise(
            near(run["history"]["values"][name], whole["history"]["values"][name]),
            f"Ctrl-C in the third epoch: {name} is not that of a run of two epochs",
        )
    run = kata.run(probes.interrupted, approach, flat(state), parts, 4, 2, 0.5, seed)
    promise(run["raised"], "Ctrl-C in the first epoch: there is nothing to keep, and the interrupt did not come out")


# ------------------------------------------------------------------------------------------------------- the accuracy

N_TRAIN, EPOCHS = 100, 20
LEAST = {"feature_extraction": 0.50, "fine_tuning": 0.65, "full_training": 0.50}
AHEAD = {"feature_extraction": 0.15, "fine_tuning": 0.25, "full_training": 0.15}  # of from scratch


@task("accuracy")
def test_what_was_learned_elsewhere_helps_with_a_hundred_photos(kata: Any, draw: Any, probes: Any) -> None:
    images, labels = hidden_photos()
    order = np.random.default_rng(draw.seed()).permutation(len(images))
    train, hidden = order[:N_TRAIN], order[N_TRAIN:]
    parts = [images[train], labels[train], images[train[:12]], labels[train[:12]]]
    found = kata.run(probes.predictions, parts, 6, images[hidden], EPOCHS, draw.seed() % 10_000)
    right = {}
    for approach, classes in found.items():
        promise(classes.shape == (len(hidden),), f"predict gives {classes.shape} for {len(hidden)} images")
        right[approach] = float(np.mean(classes == labels[hidden]))
    scratch = right.pop("from_scratch")
    for approach, share in right.items():
        promise(
            share >= LEAST[approach],
            f"{LABELS[approach]} on {N_TRAIN} photos: {share:.1%} of unseen ones are right, {LEAST[approach]:.0%} are "
            "asked",
        )
        promise(
            share >= scratch + AHEAD[approach],
            f"{LABELS[approach]} on {N_TRAIN} photos: {share:.1%} of unseen ones are right, and {scratch:.1%} by a "
            f"network trained from scratch; {AHEAD[approach]:.0%} more are asked",
        )
