"""Challenge 4: what your runs, pictures and recommendations are asked first."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import assert_picture, assert_prose, cases, task

N_STAGES, N_FEATURES = 5, 128
APPROACHES = ["feature extraction", "fine-tuning", "full training", "from scratch"]
COLUMNS = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
POINTS = {  # what the recommendations must speak of, in any words
    "feature extraction": r"extract",
    "fine-tuning": r"fine[- ]?tun",
    "training from scratch": r"scratch",
    "the number of images": r"\d+[^.]{0,30}\b(images|photos|pictures|examples)\b|few (images|photos|pictures|examples)",
    "how alike source and target are": r"\bsource\b|\balike\b|\bsimilar|\bdifferent (task|domain|kind)|resembl",
    "numbers that were measured": r"\d\s*%|0\.\d",
}


@task("backbone")
def test_the_small_backbone_has_learned_weights(kata: Any, draw: Any, probes: Any) -> None:
    found = kata.run(probes.backbone_of, draw.seed() % 1000)
    assert found["stages"] == N_STAGES
    assert found["n_features"] == N_FEATURES
    assert found["features"] == (4, N_FEATURES)
    assert not found["training"], "the backbone is in training mode; .eval() puts it into evaluation mode"
    assert not found["fresh"], f"these parameters are those of a fresh network: {found['fresh'][:2]}"


@task("backbone")
def test_a_name_that_is_nobodys_is_refused(kata: Any, probes: Any) -> None:
    with kata.raises(ValueError):
        kata.run(probes.load, "huge")


def assert_stages(run: dict[str, Any], frozen: int) -> None:
    """The first stages are what they were, parameter by parameter, and the others are not."""
    for number, marks in enumerate(run["stages"]):
        wanted = "=" if number < frozen else "x"
        assert marks == wanted * len(marks), (
            f"stage {number}: its parameters and statistics are {marks}, and {wanted} is expected everywhere "
            "(= unchanged, x changed)"
        )
    assert run["passed"], "the backbone that was passed has changed"
    assert run["trainable_parameters"] == run["requires_grad"], "trainable_parameters are those with requires_grad"


@task("extraction")
def test_feature_extraction_leaves_all_stages_as_they_were(kata: Any, probes: Any) -> None:
    run = kata.run(probes.run_of, "feature_extraction", {"epochs": 2, "seed": 3})
    assert_stages(run, N_STAGES)
    assert run["trainable_parameters"] == run["head"] == 6 * N_FEATURES + 6


@task("tuning")
@cases(3)
def test_fine_tuning_trains_the_last_stages(kata: Any, draw: Any, probes: Any) -> None:
    options = ({}, {"unfrozen": 3}, {"unfrozen": 0})[draw.case]
    run = kata.run(probes.run_of, "fine_tuning", options | {"epochs": 2, "seed": 3})
    assert_stages(run, (4, 2, 5)[draw.case])


@task("tuning")
def test_six_of_five_stages_cannot_be_trained(kata: Any, probes: Any) -> None:
    with kata.raises(ValueError):
        kata.run(probes.refused, 6)


@task("full")
def test_full_training_trains_everything(kata: Any, probes: Any) -> None:
    assert_stages(kata.run(probes.run_of, "full_training", {"epochs": 2, "seed": 3}), 0)


@task("history")
@cases(2)
def test_the_last_epoch_of_the_history_is_what_the_model_does(kata: Any, draw: Any, probes: Any) -> None:
    run = kata.run(probes.run_of, ("feature_extraction", "full_training")[draw.case], {"epochs": 3, "seed": 5})
    assert run["columns"] == COLUMNS
    loss = F.cross_entropy(torch.tensor(run["logits"]), torch.tensor(run["labels"])).item()
    epoch, _, _, told_loss, told_accuracy = run["last"]
    assert epoch == 3
    np.testing.assert_allclose(told_loss, loss, rtol=1e-3)
    np.testing.assert_allclose(told_accuracy, np.mean(run["logits"].argmax(axis=1) == run["labels"]), atol=0.03)


@task("interrupted")
def test_ctrl_c_in_the_third_epoch_leaves_two(kata: Any, probes: Any) -> None:
    assert kata.run(probes.interrupted) in (2, None)


@task("accuracy")
def test_transfer_is_ahead_with_a_hundred_photos(kata: Any, draw: Any, probes: Any) -> None:
    found = kata.run(probes.accuracies, 100, 20, draw.seed() % 1000)
    for approach in APPROACHES[:3]:
        assert found[approach] > found["from scratch"], f"{approach} is not ahead: {found}"


@task("confusion")
def test_predictions_are_the_largest_logits(kata: Any, probes: Any) -> None:
    run = kata.run(probes.run_of, "full_training", {"epochs": 1, "seed": 7})
    assert run["predicted"].tolist() == run["logits"].argmax(axis=1).tolist()


@task("confusion")
def test_confusion_matrices_are_a_picture(kata: Any, probes: Any) -> None:
    assert_picture(kata.run(probes.picture, "matrices"), "the confusion matrices")


@task("curves")
def test_learning_curves_are_a_picture(kata: Any, probes: Any) -> None:
    assert_picture(kata.run(probes.picture, "curves"), "the learning curves")


@task("features")
def test_features_are_a_picture(kata: Any, probes: Any) -> None:
    assert_picture(kata.run(probes.picture, "features"), "the features")


@task("comparison")
def test_the_comparison_has_a_row_for_each_approach_and_seed(kata: Any, probes: Any) -> None:
    table = kata.run(probes.table_of, [2])
    assert list(table) == ["approach", "seed", "accuracy", "seconds", "trainable_parameters"]
    assert table["approach"] == APPROACHES
    assert table["seed"] == [2] * 4
    assert all(0 <= share <= 1 for share in table["accuracy"])


@task("results")
def test_the_results_are_there(kata: Any) -> None:
    for name in ("learning_curves", "confusion_matrices", "layer_features"):
        assert_picture(kata.data(f"results/{name}.png"), f"results/{name}.png")
    text = kata.text("results/comparison.csv")
    assert text, "results/comparison.csv is missing: `katas run challenge4` writes it"


@task("recommendations")
def test_the_recommendations_speak_of_the_main_points(kata: Any) -> None:
    assert_prose(kata.text("recommendations.md"), "recommendations.md", words=150, points=POINTS)
