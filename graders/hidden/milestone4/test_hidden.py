"""Compare the framework's operations and the model with PyTorch on fresh numbers, then train it with a drawn seed.

The tolerances are those of the visible tests, which derive them.
"""

import importlib.util
from pathlib import Path

import numpy as np
import torch

from graders.checks import about, assert_equal, cases, task

_VISIBLE = importlib.util.spec_from_file_location(
    "visible_milestone4", Path(__file__).parents[3] / "katas" / "milestone4" / "test_milestone4.py"
)
visible = importlib.util.module_from_spec(_VISIBLE)
_VISIBLE.loader.exec_module(visible)
close, twin_logits = visible.close, visible.twin_logits


def small(draw, n_blocks=2):
    """Return the sizes and the numbers of a small model."""
    heads, width = draw.sizes("heads width", high=4)
    features = heads * max(width, -(-4 // heads))  # at least 4: a layer norm of fewer features has a steep gradient
    sizes = draw.sizes("vocabulary", low=2, high=9), draw.sizes("context", low=2, high=6), features, heads, n_blocks
    return sizes, visible.state_of(draw.normal, sizes)


def texts(draw, sizes, *, whole=False):
    """Return ids and targets of one to four texts that are at most as long as the context."""
    n, tokens = draw.sizes("n", high=4), sizes[1] if whole else draw.sizes("tokens", high=sizes[1])
    return draw.integers(0, sizes[0], n, tokens), draw.integers(0, sizes[0], n, tokens)


@task("operations", title="The operations and layers, on fresh numbers")
@cases(3)
def test_operations(kata, probes, draw):
    for name, (arrays, program) in visible.OPERATIONS.items():
        fresh = [draw.normal(*each.shape) if each.dtype.kind == "f" else each for each in arrays]
        given = [torch.tensor(each, requires_grad=each.dtype.kind == "f") for each in fresh]
        expected = program(*given)
        expected.square().sum().backward()
        with about(f"your framework: {name}"):
            y, *gradients = kata.run(probes.operation, name, fresh)
            close(y, expected.detach().numpy())
            for gradient, leaf in zip(gradients, [each for each in given if each.requires_grad], strict=False):
                close(gradient, leaf.grad.numpy(), name="gradient")


@task("model", title="The names and shapes of models of any size")
@cases(3)
def test_names_and_shapes(kata, probes, draw):
    sizes, _ = small(draw, draw.case + 1)
    assert_equal(kata.run(probes.shapes_of, sizes), visible.shapes(sizes))


@task("model", title="Models and texts of any size, as in PyTorch")
@cases(16)
def test_models_of_any_size(kata, probes, draw):
    sizes, state = small(draw, draw.case % 4)
    ids, _ = texts(draw, sizes)
    close(kata.run(probes.logits_of, sizes, state, ids), twin_logits(sizes, state, ids))


@task("model", title="A later token never changes an earlier prediction")
@cases(8)
def test_a_later_token_does_not_matter(kata, probes, draw):
    sizes, state = small(draw)
    ids, other = texts(draw, sizes)
    at = int(draw.integers(0, ids.shape[1], 1)[0])
    changed = np.concatenate([ids[:, :at], other[:, at:]], axis=1)
    before = kata.run(probes.logits_of, sizes, state, ids)
    with about(f"the predictions before token {at}, when the tokens from there on change"):
        close(kata.run(probes.logits_of, sizes, state, changed)[:, :at], before[:, :at])


@task("gradients", title="The loss and all gradients, for models and texts of any size")
@cases(12)
def test_gradients_of_any_size(kata, probes, draw):
    sizes, state = small(draw, draw.case % 4)
    ids, targets = texts(draw, sizes, whole=True)  # every position gets a gradient, so none is missing
    visible.assert_gradients(kata.run(probes.gradients, sizes, state, ids, targets), sizes, state, ids, targets)


@task("step", title="Any gradients, clipped together")
@cases(8)
def test_clipping(kata, probes, draw):
    gradients = [draw.normal(*draw.sizes("rows columns")) for _ in range(1 + draw.case % 3)]
    gradients.insert(draw.case % 2, None)
    norm = float(np.sqrt(sum((each**2).sum() for each in gradients if each is not None)))
    limit = draw.uniform(0.1, 2.0) * norm
    found, clipped = kata.run(probes.clipped, gradients, limit)
    with about("the norm before clipping"):
        visible.assert_near(found, norm)
    for each, actual in zip(gradients, clipped, strict=True):
        with about(f"a gradient, clipped to a norm of {limit:.3f} together with the others"):
            if each is None:
                assert_equal(actual, None)
            else:
                visible.assert_near(actual, each * min(1.0, limit / norm))


@task("step", title="Fifty training steps, as in PyTorch")
def test_fifty_steps(kata, probes, draw):
    sizes, state = small(draw)
    batches = [texts(draw, sizes, whole=True) for _ in range(50)]
    lrs = [0.01 * (1 - step / 60) for step in range(50)]
    visible.assert_steps(kata.run(probes.steps, sizes, state, batches, lrs), sizes, state, batches, lrs)


@task("writing", title="In chunks of any length, the logits are those of the whole text")
@cases(12)
def test_chunks_of_any_length(kata, probes, draw):
    chunks = [int(each) for each in draw.integers(1, 4, 1 + draw.case % 4)]
    (vocabulary, _, *others), _ = small(draw, draw.case % 3)
    sizes = vocabulary, sum(chunks), *others
    state = visible.state_of(draw.normal, sizes)
    ids = draw.integers(0, vocabulary, sum(chunks))
    with about(f"a text in chunks of {chunks}"):
        close(kata.run(probes.logits_in_chunks, sizes, state, ids, chunks), twin_logits(sizes, state, ids[None])[0])


@task("writing", title="With temperature 0, the most probable tokens follow")
@cases(4)
def test_greedy_texts(kata, probes, draw):
    sizes = 9, 12, 6, 2, 2
    state = visible.state_of(draw.normal, sizes)
    text = [int(i) for i in draw.integers(0, 9, 1 + draw.case)]
    prompt, n_new = list(text), 12 - len(text)
    for _ in range(n_new):
        text.append(int(twin_logits(sizes, state, [text])[0, -1].argmax()))
    assert_equal(kata.run(probes.generated, sizes, state, prompt, n_new, [draw.seed()], 0)[0], text)


@task("writing", title="How often each token follows, at any temperature")
@cases(2)
def test_frequencies(kata, probes, draw):
    sizes = 7, 6, 4, 2, 1
    state, prompt = visible.state_of(draw.normal, sizes), [int(i) for i in draw.integers(0, 7, 2)]
    temperature, first = (0.5, 1.0)[draw.case % 2], draw.seed() % 1_000_000
    texts = kata.run(probes.generated, sizes, state, prompt, 1, list(range(first, first + 2000)), temperature)
    visible.assert_frequencies([text[-1] for text in texts], twin_logits(sizes, state, [prompt])[0, -1] / temperature)


@task("checkpoint", title="A training that continues after any step repeats the other one")
@cases(3)
def test_checkpoints(kata, probes, draw):
    resumes(kata, probes, draw, "float64", visible.assert_near)


@task("exact", title="A training that continues after any step repeats every bit, in float32")
@cases(3)
def test_checkpoints_bit_for_bit(kata, probes, draw):
    resumes(kata, probes, draw, "float32", assert_equal)


def resumes(kata, probes, draw, dtype, same):
    sizes, state = small(draw)
    batches, lrs = [texts(draw, sizes, whole=True) for _ in range(6)], [draw.uniform(0.001, 0.05) for _ in range(6)]
    at, states = 1 + 2 * draw.case, [state, visible.shifted(state)]
    visible.assert_resumes(kata.run(probes.resumed, sizes, states, batches, lrs, at, dtype), at, same)


@task(
    "learns",
    title=f"After {visible.STEPS} steps, the model predicts better than n-grams, and remembers what a story has said",
)
def test_the_model_learns(kata, probes, draw):
    seed = draw.seed()
    visible.assert_learned(kata.run(probes.trained, visible.STEPS, visible.CONTEXT, seed), seed)


@task("inputs", title="Calls leave their arguments alone")
@cases(2)
def test_arguments_stay_as_they_are(kata, probes, draw):
    sizes, state = small(draw)
    sizes = (sizes[0], 6, *sizes[2:])
    state = visible.state_of(draw.normal, sizes)
    ids, targets = texts(draw, sizes, whole=True)
    after = kata.run(probes.arguments_after, sizes, state, ids, targets)
    assert_equal(after, [ids, targets, [int(i) for i in ids[0, :2]]])
