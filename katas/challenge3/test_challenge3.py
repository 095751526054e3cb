"""What attention and its pictures promise, on numbers that can be checked by hand and on the supplied reviews."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graders.checks import assert_close, assert_equal, assert_picture, task

EPOCHS = 20
EXAMPLE = "This movie was absolutely terrible and boring"

# the worked example: scores 2, 1, 0
H = np.array([[[2.0, 0.0], [0.0, 1.0], [1.0, -1.0]]])
query = np.array([1.0, 1.0])
exponentials = np.array([math.e**2, math.e, 1.0])
weights = exponentials / exponentials.sum()  # 0.6652, 0.2447, 0.0900
first_two = np.array([math.e / (math.e + 1), 1 / (math.e + 1), 0.0])  # 0.7311, 0.2689, 0


@task("weights")
def test_the_worked_example(kata: Any, probes: Any) -> None:
    found, _, _ = kata.run(probes.attention_for, H, query, None)
    assert_close(found, weights[None], terms=8)


@task("weights")
def test_padding_gets_exactly_nothing(kata: Any, probes: Any) -> None:
    found, _, _ = kata.run(probes.attention_for, H, query, np.array([[True, True, False]]))
    assert_close(found, first_two[None], terms=8)
    assert found[0, 2] == 0, f"the weight at padding is {found[0, 2]}, and has to be exactly 0"


@task("context")
def test_the_context_of_the_worked_example(kata: Any, probes: Any) -> None:
    _, context, found = kata.run(probes.attention_for, H, query, None)
    assert_close(context, weights[None] @ H[0], scale=2.0, terms=8)  # 1.4205, 0.1547
    assert_close(found, weights[None], terms=8)


@task("gradients")
def test_the_gradient_of_the_worked_example(kata: Any, probes: Any) -> None:
    g = np.array([[1.0, 0.0]])
    context = weights @ H[0]
    slopes = weights * ((H[0] - context) @ g[0])  # dL/ds_j = α_j g·(h_j - c): 0.3855, -0.3476, -0.0379
    assert_close(kata.run(probes.gradient_for_query, H, query, g), slopes @ H[0], scale=4.0, terms=8)


@task("classifier")
def test_the_classifiers_say_what_they_promise(kata: Any, probes: Any) -> None:
    tokens = np.array([[5, 3, 4, 6], [2, 7, 0, 0]])
    logits, found, pooled = kata.run(probes.fresh_answers, tokens, tokens > 0, 3)
    assert logits.shape == pooled.shape == (2, 3), (
        f"logits have the shapes {logits.shape} and {pooled.shape}, not (2, 3)"
    )
    assert found.shape == (2, 4), f"weights have the shape {found.shape}, not that of the tokens, (2, 4)"
    assert_close(found.sum(axis=1), np.ones(2, np.float32), terms=8)
    assert_equal(found[1, 2:], np.zeros(2, np.float32))


@task("training")
def test_the_test_reviews_are_told_apart(kata: Any, draw: Any, probes: Any) -> None:
    run = kata.run(probes.share_of_test_reviews, draw.seed(), EPOCHS)
    history = run["history"]
    assert len(history) == EPOCHS, f"train gives {len(history)} losses for {EPOCHS} epochs"
    assert history[-1] < history[0], f"the loss goes from {history[0]:.3f} to {history[-1]:.3f}"
    assert run["right"] >= 0.9, f"{run['right']:.1%} of the test reviews are right, 90 % are asked"


@task("evidence")
def test_most_of_the_weight_lies_on_the_words_that_decide(kata: Any, draw: Any, probes: Any) -> None:
    run = kata.run(probes.share_of_test_reviews, draw.seed(), EPOCHS)
    assert run["on_evidence"] >= 0.5, (
        f"the words that decide get {run['on_evidence']:.0%} of the weight; 50 % are asked, and by chance they would "
        f"get {run['by_chance']:.0%}"
    )


@task("explain")
def test_the_example_is_negative_for_two_reasons(kata: Any, draw: Any, probes: Any) -> None:
    told = kata.run(probes.explanation_of, draw.seed(), EPOCHS, EXAMPLE)
    assert [word for word, _ in told["weights"]] == EXAMPLE.lower().split()
    assert abs(sum(weight for _, weight in told["weights"]) - 1) < 1e-4  # float32, seven words
    assert told["prediction"] == "Negative"
    assert 0.5 <= told["confidence"] <= 1
    top = sorted(told["weights"], key=lambda pair: -pair[1])[:2]
    assert {word for word, _ in top} == {"terrible", "boring"}, f"the largest weights are {top}"


@task("bars")
def test_the_bars_of_the_example(kata: Any, probes: Any) -> None:
    some = [("this", 0.01), ("movie", 0.02), ("was", 0.02), ("absolutely", 0.1), ("terrible", 0.45), ("and", 0.02)]
    text = kata.run(probes.bars_of, "Negative", 0.92, [*some, ("boring", 0.38)])
    assert text.rstrip().split("\n") == [
        "Attention weights:",
        '- "terrible": 0.45 ██████████',
        '- "boring": 0.38 ████████',
        '- "absolutely": 0.10 ██',
        "- Other words: <0.05",
        "Prediction: Negative (0.92 confidence)",
    ]


@task("heatmap")
def test_a_heatmap_is_a_picture(kata: Any, draw: Any, probes: Any) -> None:
    picture = kata.run(probes.picture_of, draw.seed(), [EXAMPLE, "Never dull, and so charming", "A horror film"])
    assert_picture(picture, "the heatmap")


@task("comparison")
def test_the_comparison_has_a_row_for_each_model_and_seed(kata: Any, draw: Any, probes: Any) -> None:
    table = kata.run(probes.table_of, draw.seed(), [3, 1])
    assert list(table) == ["model", "seed", "accuracy", "seconds", "parameters"]
    assert table["model"] == ["attention", "mean pooling"] * 2
    assert table["seed"] == [3, 3, 1, 1]
    assert all(0 <= share <= 1 for share in table["accuracy"])
