"""Compare the earlier functions and the model with PyTorch on fresh numbers, then train it once with a drawn seed.

The tolerances are those of the visible tests, which derive them.
"""

import importlib.util
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_equal, assert_parts, cases, task
from graders.checks.mismatch import fail

_VISIBLE = importlib.util.spec_from_file_location(
    "visible_milestone3", Path(__file__).parents[3] / "katas" / "milestone3" / "test_milestone3.py"
)
visible = importlib.util.module_from_spec(_VISIBLE)
_VISIBLE.loader.exec_module(visible)
close, tensors, twin, twin_block = visible.close, visible.tensors, visible.twin, visible.twin_block


def small(draw, n_blocks=2):
    """Return a small model, its number of heads, its number of tokens and its context."""
    heads, width, context = draw.sizes("heads width context", high=4)
    vocabulary = draw.sizes("vocabulary", low=2, high=9)
    features = heads * max(width, -(-4 // heads))  # at least 4: a layer norm of fewer features has a steep gradient
    return visible.model(draw.normal, vocabulary, features, context, n_blocks), heads, vocabulary, context


def texts(draw, vocabulary, context, *, number=None):
    """Return ids and targets, of one to four texts that are at most as long as the context."""
    n, tokens = draw.sizes("n", high=4), draw.sizes("tokens", high=context) if number is None else number
    return draw.integers(0, vocabulary, n, tokens), draw.integers(0, vocabulary, n, tokens)


@task("parts", title="exercise04: softmax and cross_entropy")
@cases(6)
def test_exercise04(kata, probes, draw):
    n, classes = draw.sizes("n classes")
    logits, right = draw.normal(n, classes), draw.integers(0, classes, n)
    p, loss = assert_parts(kata.run(probes.softmax_and_loss, logits, right), "softmax", "cross_entropy")
    with about("exercise04: softmax(logits) of a batch"):
        close(p, F.softmax(torch.tensor(logits), dim=-1).numpy())
    with about("exercise04: cross_entropy(logits, targets) of a batch"):
        close(loss, F.cross_entropy(torch.tensor(logits), torch.tensor(right)).item())


@task("parts", title="exercise09: layer_norm of three axes")
@cases(6)
def test_exercise09(kata, probes, draw):
    x, gamma, beta = draw.normal(*draw.sizes("n tokens"), 5), draw.normal(5), draw.normal(5)
    expected = F.layer_norm(torch.tensor(x), (5,), torch.tensor(gamma), torch.tensor(beta)).numpy()
    with about("exercise09: layer_norm(x, gamma, beta)"):
        close(kata.run(probes.layer_norm, x, gamma, beta), expected)


@task("parts", title="exercise11: clip_by_norm, adamw and warmup_cosine")
@cases(6)
def test_exercise11(kata, probes, draw):
    grads, limit = [draw.normal(3, 2), draw.normal(4)], draw.uniform(0.1, 2.0)
    norm = float(np.sqrt(sum((each**2).sum() for each in grads)))
    with about("exercise11: clip_by_norm(grads, max_norm)"):
        short, before = assert_parts(kata.run(probes.clipped, grads, limit), "clipped", "norm")
        for actual, each in zip(assert_parts(short, "first", "second"), grads, strict=True):
            visible.assert_near(actual, each * min(1.0, limit / norm))
        visible.assert_near(before, norm)
    with about("exercise11: four steps of adamw"):
        param, slopes = draw.normal(2, 3), [draw.normal(2, 3) for _ in range(4)]
        tensor = torch.tensor(param, requires_grad=True)
        optimizer = torch.optim.AdamW([tensor], lr=0.05, weight_decay=0.01)
        for slope in slopes:
            tensor.grad = torch.tensor(slope)
            optimizer.step()
        close(kata.run(probes.adamw_steps, param, slopes, 0.05), tensor.detach().numpy())
    with about("exercise11: warmup_cosine"):
        step = draw.integers(10, 110, 1)[0]
        expected = 0.1 + 0.9 * (1 + np.cos(np.pi * (step - 10) / 100)) / 2
        close(kata.run(probes.warmup_cosine, int(step), 1.0, 10, 110, 0.1), float(expected))


@task("parts", title="exercise13: embed and embed_gradient, for a batch with repeated tokens")
@cases(6)
def test_exercise13(kata, probes, draw):
    n, tokens, words = draw.sizes("n tokens words")
    table, these, dy = draw.normal(words, 3), draw.integers(0, words, n, tokens), draw.normal(n, tokens, 3)
    own = torch.tensor(table, requires_grad=True)
    F.embedding(torch.tensor(these), own).backward(torch.tensor(dy))
    rows, gradient = assert_parts(kata.run(probes.embedded, table, these, dy), "embed", "embed_gradient")
    with about("exercise13: embed(table, ids)"):
        close(rows, table[these])
    with about("exercise13: embed_gradient(dy, ids, n_words)"):
        close(gradient, own.grad.numpy())


@task("parts", title="exercise14: split_heads and merge_heads")
@cases(6)
def test_exercise14(kata, probes, draw):
    n, tokens, heads, width = draw.sizes("n tokens heads width", high=4)
    x = draw.normal(n, tokens, heads * width)
    apart, together = assert_parts(kata.run(probes.heads, x, heads), "split", "merged")
    with about("exercise14: split_heads(x, n_heads)"):
        close(apart, torch.tensor(x).unflatten(-1, (heads, width)).transpose(1, 2).numpy())
    with about("exercise14: merge_heads(split_heads(x, n_heads))"):
        close(together, x)


@task("parts", title="exercise15: block and its gradient")
@cases(4)
def test_exercise15(kata, probes, draw):
    params, heads, _, _ = small(draw, 1)
    p = params["blocks"][0]
    x, dy = (draw.normal(2, 3, len(params["gamma"])) for _ in range(2))
    own, tensor = tensors(p), torch.tensor(x, requires_grad=True)
    y = twin_block(own, tensor, heads)
    y.backward(torch.tensor(dy))
    with about("exercise15: block and block_gradient"):
        actual, dx, gradients = assert_parts(kata.run(probes.block, x, dy, p, heads), "y", "dx", "gradients")
        close(actual, y.detach().numpy(), name="y")
        close(dx, tensor.grad.numpy(), name="dx")
        for name in p:
            close(gradients[name], own[name].grad.numpy(), name=name)
    with about("exercise15: gelu(x)"):
        close(kata.run(probes.gelu, x), F.gelu(torch.tensor(x), approximate="tanh").numpy())


@task("parts", title="exercise17: train, encode and decode")
@cases(6)
def test_exercise17(kata, probes, draw):
    text = "".join("abc "[i] for i in draw.integers(0, 4, 40))
    expected, merges = text, []  # of the ids, each as the character with this number
    while len(merges) < 8:
        counts = Counter(pairwise(expected))
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        if counts[pair] < 2:
            break
        expected = expected.replace("".join(pair), chr(256 + len(merges)))
        merges.append([ord(each) for each in pair])
    learned, ids, again = assert_parts(kata.run(probes.byte_pairs, text, 8), "train", "encode", "decode")
    with about("exercise17: train(text, 8)"):
        assert_equal([[int(i) for i in pair] for pair in learned], merges)
    with about("exercise17: encode(text, merges)"):
        assert_equal([int(i) for i in ids], [ord(each) for each in expected])
    with about("exercise17: decode(encode(text, merges), merges)"):
        assert_equal(again, text)


@task("parts", title="exercise18: attend_with_cache, in chunks")
@cases(6)
def test_exercise18(kata, probes, draw):
    chunks = [int(each) for each in draw.integers(1, 4, 3)]
    q, k, v = (draw.normal(2, sum(chunks), 3) for _ in range(3))
    expected = F.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), is_causal=True).numpy()
    with about("exercise18: attend_with_cache(q, k, v, cache)"):
        close(kata.run(probes.attended_in_chunks, q, k, v, chunks), expected)


@task("forward", title="Models and texts of any size, as in PyTorch")
@cases(16)
def test_models_of_any_size(kata, probes, draw):
    params, heads, vocabulary, context = small(draw, draw.case % 4)
    ids, _ = texts(draw, vocabulary, context)
    close(kata.run(probes.logits_of, params, ids, heads), twin(tensors(params), ids, heads).detach().numpy())


@task("forward", title="A later token never changes an earlier prediction")
@cases(8)
def test_a_later_token_does_not_matter(kata, probes, draw):
    params, heads, vocabulary, context = small(draw)
    ids, other = texts(draw, vocabulary, context)
    at = int(draw.integers(0, ids.shape[1], 1)[0])
    changed = np.concatenate([ids[:, :at], other[:, at:]], axis=1)
    before = kata.run(probes.logits_of, params, ids, heads)
    with about(f"the predictions before token {at}, when the tokens from there on change"):
        close(kata.run(probes.logits_of, params, changed, heads)[:, :at], before[:, :at])


@task("gradients", title="The loss and all gradients, for models and texts of any size")
@cases(16)
def test_gradients_of_any_size(kata, draw):
    params, heads, vocabulary, context = small(draw, draw.case % 4)
    ids, targets = texts(draw, vocabulary, context)
    visible.assert_gradients(kata.loss_and_gradients(params, ids, targets, heads), params, ids, targets, heads)


@task("step", title="Fifty training steps, as in PyTorch")
def test_fifty_steps(kata, probes, draw):
    params, batches, heads, lrs = visible.fifty_steps(draw.seed())
    visible.assert_steps(kata.run(probes.steps, params, batches, heads, lrs), params, batches, heads, lrs)


@task("step", title="Models of other sizes")
@cases(3)
def test_steps_of_other_sizes(kata, probes, draw):
    params, heads, vocabulary, context = small(draw, draw.case)
    batches = [texts(draw, vocabulary, context, number=context) for _ in range(3)]
    lrs = [draw.uniform(0.001, 0.05) for _ in range(3)]
    visible.assert_steps(kata.run(probes.steps, params, batches, heads, lrs), params, batches, heads, lrs)


@task("cache", title="In chunks of any length, the logits are those of the whole text")
@cases(12)
def test_chunks_of_any_length(kata, probes, draw):
    params, heads, vocabulary, _ = small(draw, draw.case % 3)
    chunks = [int(each) for each in draw.integers(1, 4, 1 + draw.case % 4)]
    params["positions"] = draw.normal(sum(chunks), len(params["gamma"]))
    ids = draw.integers(0, vocabulary, sum(chunks))
    expected = twin(tensors(params), ids[None], heads).detach().numpy()[0]
    with about(f"a text in chunks of {chunks}"):
        close(kata.run(probes.logits_in_chunks, params, ids, heads, chunks), expected)


@task("cache", title="A seed decides what is written, and different seeds write different texts")
def test_writing(kata, probes, draw):
    params = visible.model(draw.normal, 9, 6, 12, 1)
    params["tokens"] /= 4  # so that no token is nearly certain
    prompt = [int(each) for each in draw.integers(0, 9, 2)]
    seeds = [draw.seed() for _ in range(6)]
    first = [[int(i) for i in kata.run(probes.written, params, prompt, 10, 2, seed)] for seed in seeds]
    if any(len(text) != 12 or text[:2] != prompt for text in first):
        fail("expected the prompt and ten more tokens", prompt, first)
    with about("the same prompt with the same seed"):
        assert_equal([int(i) for i in kata.run(probes.written, params, prompt, 10, 2, seeds[0])], first[0])
    if all(text == first[0] for text in first):
        fail("six seeds wrote the same text", "different texts", first)


@task(
    "learns",
    title=f"After {visible.STEPS} steps, the model predicts better than n-grams, and remembers what a story has said",
)
def test_the_model_learns(kata, probes, draw):
    seed = draw.seed()
    visible.assert_learned(kata.run(probes.trained, visible.STEPS, visible.CONTEXT, seed), seed)


@task("inputs", title="A call leaves its arguments alone")
@cases(4)
def test_arguments_stay_as_they_are(kata, probes, draw):
    params, heads, vocabulary, context = small(draw)
    ids, targets = texts(draw, vocabulary, context, number=context)  # a wrong gradient of positions must not end it
    calls = {
        "loss_and_gradients": [params, ids, targets, heads],
        "train_step": [params, None, ids, targets, heads, 0.01],
        "next_logits": [params, ids[0], None, heads],
    }
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)
