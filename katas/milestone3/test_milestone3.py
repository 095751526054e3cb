"""Check the functions from your earlier katas, then your model against the same model in PyTorch."""

import importlib.util
import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_shape, remade, task
from graders.checks.mismatch import fail

HERE = Path(__file__).parent
STEPS, CONTEXT = 250, 38  # of the training here; `katas run milestone3` takes 1600 steps, with passages of 53
REMEMBERED = 0.35  # a 5-gram model remembers 0.16, and the solution 0.9
N_HEADS = 4  # as in training.py


@cache
def short_training(seed):
    """Return the supplied module corpus, and the stories of two kinds on which `learns` trains and judges."""
    for name in ("stories", "corpus"):  # corpus imports stories
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    del sys.modules["stories"], sys.modules["corpus"]  # yours, if you run pytest, are those of your folder
    return module, module.of_stories(module.words_of, CONTEXT, module.TWO_KINDS, seed)


# ------------------------------------------------------------------------------------------ the model in PyTorch


def tensors(params, dtype=torch.float64):
    """Return the same nested dict with tensors that need gradients."""
    if isinstance(params, dict):
        return {name: tensors(each, dtype) for name, each in params.items()}
    if isinstance(params, list | tuple):
        return [tensors(each, dtype) for each in params]
    return torch.tensor(params, dtype=dtype, requires_grad=True)


def named(params, where=""):
    """Return all arrays of a nested dict by names such as `blocks[0]["qkv_bias"]`."""
    if isinstance(params, dict):
        parts = [(f'{where}["{name}"]', params[name]) for name in sorted(params)]
    elif isinstance(params, list | tuple):
        parts = [(f"{where}[{i}]", each) for i, each in enumerate(params)]
    else:
        return {where.replace('["', "", 1).replace('"]', "", 1): params}
    return {name: array for inner, part in parts for name, array in named(part, inner).items()}


def twin_block(p, x, n_heads):
    features = x.shape[-1]
    a = F.layer_norm(x, (features,), p["ln1_gamma"], p["ln1_beta"])
    q, k, v = F.linear(a, p["qkv_weight"], p["qkv_bias"]).chunk(3, dim=-1)
    q, k, v = (each.unflatten(-1, (n_heads, -1)).transpose(-3, -2) for each in (q, k, v))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(-3, -2).flatten(-2)
    x = x + F.linear(y, p["proj_weight"], p["proj_bias"])
    m = F.layer_norm(x, (features,), p["ln2_gamma"], p["ln2_beta"])
    m = F.gelu(F.linear(m, p["mlp_in_weight"], p["mlp_in_bias"]), approximate="tanh")
    return x + F.linear(m, p["mlp_out_weight"], p["mlp_out_bias"])


def twin(params, ids, n_heads):
    """Return the logits of the model, whose parameters are tensors, for ids (n, tokens)."""
    ids = torch.as_tensor(np.array(ids))
    x = F.embedding(ids, params["tokens"]) + params["positions"][: ids.shape[-1]]
    for p in params["blocks"]:
        x = twin_block(p, x, n_heads)
    return F.layer_norm(x, x.shape[-1:], params["gamma"], params["beta"]) @ params["tokens"].T


def twin_loss(params, ids, targets, n_heads):
    logits = twin(params, ids, n_heads)
    return F.cross_entropy(logits.flatten(0, -2), torch.as_tensor(np.array(targets)).flatten())


def twin_steps(params, batches, n_heads, lrs, eps):
    """Return the losses and the parameters after the same training steps in PyTorch, clipped to 1 / (norm + eps)."""
    moving = tensors(params)
    arrays = list(named(moving).values())
    optimizer = torch.optim.AdamW(arrays, weight_decay=0.01)
    losses = []
    for (ids, targets), lr in zip(batches, lrs, strict=True):
        optimizer.param_groups[0]["lr"] = lr
        optimizer.zero_grad()
        loss = twin_loss(moving, ids, targets, n_heads)
        loss.backward()
        norm = math.sqrt(sum(each.grad.square().sum().item() for each in arrays if each.grad is not None))
        for each in arrays:
            if each.grad is not None:
                each.grad *= min(1.0, 1 / (norm + eps))
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: each.detach().numpy() for name, each in named(moving).items()}


def model(drawn, vocabulary=7, features=4, context=6, n_blocks=2):
    """Return the parameters of a small model. `drawn(*shape)` returns an array of standard normal numbers."""

    def normal(*shape, scale=1.0, shift=0.0):  # rounded, because failures show programs with these numbers
        return (shift + scale * drawn(*shape) / math.sqrt(shape[-1])).round(3)

    def block():
        d = features
        shapes = {"qkv": (3 * d, d), "proj": (d, d), "mlp_in": (4 * d, d), "mlp_out": (d, 4 * d)}
        weights = {f"{name}_weight": normal(*shape) for name, shape in shapes.items()}
        biases = {f"{name}_bias": normal(shape[0], scale=0.1) for name, shape in shapes.items()}
        norms = {
            f"ln{i}_{name}": normal(d, scale=0.1, shift=shift)
            for i in (1, 2)
            for name, shift in (("gamma", 1.0), ("beta", 0.0))
        }
        return weights | biases | norms

    return {
        "tokens": normal(vocabulary, features, scale=2),
        "positions": normal(context, features),
        "blocks": [block() for _ in range(n_blocks)],
        "gamma": normal(features, scale=0.1, shift=1.0),
        "beta": normal(features, scale=0.1),
    }


# ------------------------------------------------------------------------------------------ comparing


# Each number is a sum of a few hundred products, after layer norms that divide by standard deviations of about 1. So
# its rounding error is far below 8 eps · 1000 terms · 1000 = 2e-9, and mistakes are a million times as large.
def close(actual, expected, name=""):
    assert_close(actual, expected, scale=1000.0, terms=1000, name=name)


def assert_arranged(actual, params, what):
    """Check that a result is a nested dict like `params`, and return its arrays by name."""
    if not isinstance(actual, dict) or set(actual) != set(params):
        got = f"the keys {', '.join(map(repr, actual))}" if isinstance(actual, dict) else f"a {type(actual).__name__}"
        fail(f"{what}: expected a dict with the keys {', '.join(map(repr, params))}, got {got}", list(params), actual)
    blocks = actual["blocks"]
    if not isinstance(blocks, list | tuple) or len(blocks) != len(params["blocks"]):
        fail(f'{what}: expected a list of {len(params["blocks"])} dicts at "blocks"', "one dict for each block", blocks)
    for i, (block, own) in enumerate(zip(blocks, params["blocks"], strict=True)):
        if not isinstance(block, dict) or set(block) != set(own):
            fail(f'{what}: "blocks"[{i}] has other keys than the parameters', sorted(own), block)
    return named(actual)


def assert_gradients(answer, params, ids, targets, n_heads):
    """Compare the loss and all gradients with those of PyTorch's autograd."""
    loss, gradients = assert_parts(answer, "loss", "gradients")
    own = tensors(params)
    expected = twin_loss(own, ids, targets, n_heads)
    close(loss, expected.item(), name="loss")
    found = assert_arranged(gradients, params, "the gradients")
    expected.backward()
    for name, tensor in named(own).items():
        reference = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()
        with about(f"the gradient with respect to {name}"):
            close(found[name], reference)


def assert_steps(answer, params, batches, n_heads, lrs):
    """Compare the losses and the parameters after some steps with PyTorch's.

    PyTorch's clip_grad_norm_ divides by the norm + 1e-6, and you may leave the 1e-6 out. Training enlarges this small
    difference, sometimes ten thousand times in 50 steps. So your steps are compared with both, and must be those of
    one. Rounding errors of 1e-16 stay far below the 1e-5 that is allowed, enlarged as much.
    """
    losses, moved = assert_parts(answer, "losses", "params")
    twins = [twin_steps(params, batches, n_heads, lrs, eps) for eps in (1e-6, 0.0)]
    expected, arrays = min(twins, key=lambda each: np.abs(np.array(each[0]) - np.array(losses, dtype=float)).max())
    for step, (actual, reference) in enumerate(zip(losses, expected, strict=True)):
        with about(f"the loss before step {step + 1}"):
            assert_near(actual, reference)
    found = assert_arranged(moved, params, "the new parameters")
    for name, reference in arrays.items():
        with about(f"{name} after {len(lrs)} steps"):
            assert_shape(found[name], reference.shape)
            assert_near(found[name], reference)


def assert_near(actual, expected):
    worst = float(np.max(np.abs(np.asarray(actual, dtype=float) - expected), initial=0.0))
    if not worst <= 1e-5:
        fail(f"differs from PyTorch's by {worst:.2g}; 1e-5 is allowed", expected, actual)


def batches_of(rng, count, vocabulary, n=2, tokens=5):
    made = [rng.integers(0, vocabulary, (n, tokens + 1)) for _ in range(count)]
    return [(ids[:, :-1], ids[:, 1:]) for ids in made]


@remade
def fifty_steps(seed):
    """Return the parameters of a small model, fifty batches, its number of heads, and the learning rates."""
    rng = np.random.default_rng(seed)
    n_heads, features, context = (int(each) for each in rng.integers((2, 4, 2), (5, 8, 5)))
    params = model(lambda *shape: rng.normal(size=shape), 7, features * n_heads, context)
    batches = batches_of(rng, 50, 7, n=int(rng.integers(1, 5)), tokens=context)
    return params, batches, n_heads, [0.01 * (1 - step / 60) for step in range(50)]


# ------------------------------------------------------------------------------------------ a short training


def judged(predict, seed):
    """Check that a model predicts stories better than counting does, and that it remembers what they have said.

    `predict` returns the logits (n, CONTEXT, tokens) for ids. A 5-gram model needs more than 2 bits for a token of
    these stories, and it knows 1 word in 6 of those that a story repeats.
    """
    corpus, text = short_training(seed)
    at = text.held_back_starts[:, None] + np.arange(CONTEXT)
    with torch.no_grad(), np.errstate(all="ignore"):
        losses = F.cross_entropy(
            predict(text.held_back[at]).flatten(0, -2), torch.tensor(text.held_back[at + 1]).flatten()
        )
        shares = corpus.remembered(lambda ids: predict(ids).argmax(dim=-1).numpy(), text.unseen, text.tokens, CONTEXT)
    bits = losses.item() / math.log(2)
    for n, name in ((2, "bigram"), (5, "5-gram")):
        limit = corpus.n_gram_bits(text, n)
        if not bits < limit:
            said = f"the model needs {bits:.2f} bits for a token of new stories; the {name} model needs {limit:.2f}"
            fail(said, f"less than {limit:.2f}", bits)
    if sum(shares.values()) / len(shares) < REMEMBERED:
        known = ", ".join(f"{share:.0%} of the {what}s" for what, share in shares.items())
        said = f"of what new stories repeat, the model remembers {known}; one that looks back remembers most"
        fail(said, f"at least {REMEMBERED:.0%} on average", sum(shares.values()) / len(shares))


def assert_learned(params, seed):
    """Judge the parameters of a trained model with the model in PyTorch."""
    shapes = supplied_shapes(seed)
    if not isinstance(params, dict) or named(params).keys() != shapes.keys():
        fail("the training returned other parameters than it began with", sorted(shapes), params)
    for name, shape in shapes.items():
        with about(f"the trained parameter {name}"):
            assert_shape(named(params)[name], shape)
    own = tensors(params, torch.float32)
    judged(lambda ids: twin(own, ids, N_HEADS), seed)


def supplied_shapes(seed):
    """Return the shape of every parameter of training.py's model for the stories of the short training."""
    n, d, block = len(short_training(seed)[1].tokens), 64, {}
    for name, (rows, columns) in {
        "qkv": (192, 64),
        "proj": (64, 64),
        "mlp_in": (256, 64),
        "mlp_out": (64, 256),
    }.items():
        block |= {f"{name}_weight": (rows, columns), f"{name}_bias": (rows,)}
    block |= {f"ln{i}_{name}": (d,) for i in (1, 2) for name in ("gamma", "beta")}
    inside = {f'["blocks"][{i}]["{name}"]': shape for i in (0, 1) for name, shape in block.items()}
    outside = {"tokens": (n, d), "positions": (CONTEXT, d), "gamma": (d,), "beta": (d,)}
    return {name.replace('["', "", 1).replace('"]', "", 1): shape for name, shape in (outside | inside).items()}


# ------------------------------------------------------------------------------------------ the worked example

tiny = {
    "tokens": np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]),
    "positions": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "blocks": [],
    "gamma": np.array([1.0, 1.0]),
    "beta": np.array([0.0, 0.0]),
}
tiny_ids, tiny_targets = np.array([[0, 1]]), np.array([[1, 2]])
y0, y1 = 1 / math.sqrt(1 + 1e-5), 0.5 / math.sqrt(0.25 + 1e-5)  # nearly 1: the layer norm adds its eps
tiny_logits = np.array([[[y0, -2 * y0, -2 * y0], [-y1, 2 * y1, 2 * y1]]])

_rng = np.random.default_rng(3)
params = model(lambda *shape: _rng.normal(size=shape))
ids = _rng.integers(0, 7, (3, 6))
targets = _rng.integers(0, 7, (3, 6))


# ------------------------------------------------------------------------------------------ the tests


@task("parts", title="exercise04: softmax and cross_entropy")
def test_exercise04(kata, probes):
    logits, right = np.array([[2.0, 2.0], [math.log(3), 0.0], [0.0, 30.0]]), np.array([0, 1, 0])
    p, loss = assert_parts(kata.run(probes.softmax_and_loss, logits, right), "softmax", "cross_entropy")
    small = 1 / (1 + math.exp(30))
    with about("exercise04: softmax(logits) of a batch"):
        close(p, np.array([[0.5, 0.5], [0.75, 0.25], [small, 1 - small]]))
    with about("exercise04: cross_entropy(logits, targets) of a batch, one target with a probability of 1e-13"):
        close(loss, (math.log(8) - math.log(small)) / 3)


@task("parts", title="exercise09: layer_norm of three axes")
def test_exercise09(kata, probes):
    x, gamma, beta = np.array([[[1.0, 2.0, 3.0]], [[0.0, 30.0, 0.0]]]), np.array([1.0, 2.0, 3.0]), np.array([1.0, 0, 0])
    expected = F.layer_norm(torch.tensor(x), (3,), torch.tensor(gamma), torch.tensor(beta)).numpy()
    with about("exercise09: layer_norm(x, gamma, beta)"):
        close(kata.run(probes.layer_norm, x, gamma, beta), expected)


@task("parts", title="exercise11: clip_by_norm, adamw and warmup_cosine")
def test_exercise11(kata, probes):
    grads = [np.array([3.0, 0.0]), np.array([[4.0]])]
    for most, of_first, of_second in ((1.0, [0.6, 0.0], [[0.8]]), (10.0, [3.0, 0.0], [[4.0]])):
        with about(f"exercise11: clip_by_norm(grads, {most}), where the norm is 5"):
            short, norm = assert_parts(kata.run(probes.clipped, grads, most), "clipped", "norm")
            first, second = assert_parts(short, "first", "second")
            for actual, expected in ((first, of_first), (second, of_second), (norm, 5.0)):
                assert_near(actual, np.array(expected))
    with about("exercise11: three steps of adamw"):
        param, slopes = np.array([1.0, -2.0]), [np.array([0.5, -1.0]), np.array([0.1, 0.2]), np.array([-0.3, 0.0])]
        tensor = torch.tensor(param, requires_grad=True)
        optimizer = torch.optim.AdamW([tensor], lr=0.1, weight_decay=0.01)
        for slope in slopes:
            tensor.grad = torch.tensor(slope)
            optimizer.step()
        close(kata.run(probes.adamw_steps, param, slopes, 0.1), tensor.detach().numpy())
    with about("exercise11: warmup_cosine(10, 1.0, 10, 110, 0.0), the end of the warm-up"):
        close(kata.run(probes.warmup_cosine, 10, 1.0, 10, 110, 0.0), 1.0)
    with about("exercise11: warmup_cosine(60, 1.0, 10, 110, 0.2), half of the cosine"):
        close(kata.run(probes.warmup_cosine, 60, 1.0, 10, 110, 0.2), 0.6)


@task("parts", title="exercise13: embed and embed_gradient, for a batch with repeated tokens")
def test_exercise13(kata, probes):
    table, these = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[0, 2], [2, 2]])
    dy = np.arange(8.0).reshape(2, 2, 2)
    rows, gradient = assert_parts(kata.run(probes.embedded, table, these, dy), "embed", "embed_gradient")
    with about("exercise13: embed(table, ids)"):
        close(rows, table[these])
    with about("exercise13: embed_gradient(dy, ids, 3)"):
        close(gradient, np.array([[0.0, 1.0], [0.0, 0.0], [12.0, 15.0]]))


@task("parts", title="exercise14: split_heads and merge_heads")
def test_exercise14(kata, probes):
    x = np.arange(24.0).reshape(1, 4, 6)
    apart, together = assert_parts(kata.run(probes.heads, x, 2), "split", "merged")
    with about("exercise14: split_heads(x, 2)"):
        close(apart, np.stack([x[0, :, :3], x[0, :, 3:]])[None])
    with about("exercise14: merge_heads(split_heads(x, 2))"):
        close(together, x)


@task("parts", title="exercise15: block, gelu and their gradients")
def test_exercise15(kata, probes):
    rng = np.random.default_rng(5)
    x, dy, p = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)), params["blocks"][0]
    own, tensor = tensors(p), torch.tensor(x, requires_grad=True)
    y = twin_block(own, tensor, 2)
    y.backward(torch.tensor(dy))
    with about("exercise15: block and block_gradient"):
        actual, dx, gradients = assert_parts(kata.run(probes.block, x, dy, p, 2), "y", "dx", "gradients")
        close(actual, y.detach().numpy(), name="y")
        close(dx, tensor.grad.numpy(), name="dx")
        for name in p:
            close(gradients[name], own[name].grad.numpy(), name=name)
    with about("exercise15: gelu(x)"):
        close(kata.run(probes.gelu, x), F.gelu(torch.tensor(x), approximate="tanh").numpy())
    with about("exercise15: layer_norm_gradient(dy, x, gamma)"):
        tensor, gamma, beta = (torch.tensor(each, requires_grad=True) for each in (x, p["ln1_gamma"], p["ln1_beta"]))
        F.layer_norm(tensor, (4,), gamma, beta).backward(torch.tensor(dy))
        parts = assert_parts(kata.run(probes.layer_norm_gradient, dy, x, p["ln1_gamma"]), "dx", "dgamma", "dbeta")
        for actual, each, name in zip(parts, (tensor, gamma, beta), ("dx", "dgamma", "dbeta"), strict=True):
            close(actual, each.grad.numpy(), name=name)


@task("parts", title="exercise17: train, encode and decode")
def test_exercise17(kata, probes):
    answer = kata.run(probes.byte_pairs, "banana bandana", 10)
    merges, ids, text = assert_parts(answer, "train", "encode", "decode")
    with about('exercise17: train("banana bandana", 10)'):
        assert_equal([[int(i) for i in pair] for pair in merges], [[97, 110], [98, 256], [256, 97]])
    with about('exercise17: encode("banana bandana", merges)'):
        assert_equal([int(i) for i in ids], [257, 258, 32, 257, 100, 258])
    with about('exercise17: decode(encode("banana bandana", merges), merges)'):
        assert_equal(text, "banana bandana")


@task("parts", title="exercise18: attend_with_cache, three tokens and then one at a time")
def test_exercise18(kata, probes):
    q, k, v = np.random.default_rng(6).normal(size=(3, 2, 5, 3))
    expected = F.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), is_causal=True).numpy()
    with about("exercise18: attend_with_cache(q, k, v, cache)"):
        close(kata.run(probes.attended_in_chunks, q, k, v, [3, 1, 1]), expected)


@task("forward", title="The worked example: three tokens, two features, no block")
def test_the_worked_example(kata, probes):
    close(kata.run(probes.logits_of, tiny, tiny_ids, 1), tiny_logits)


@task("forward", title="Two blocks with two heads, as in PyTorch")
def test_two_blocks(kata, probes):
    expected = twin(tensors(params), ids, 2).detach().numpy()
    close(kata.run(probes.logits_of, params, ids, 2), expected)
    with about("a text of one token"):
        close(kata.run(probes.logits_of, params, ids[:1, :1], 2), expected[:1, :1])


@task("forward", title="A later token never changes an earlier prediction")
def test_a_later_token_does_not_matter(kata, probes):
    before = kata.run(probes.logits_of, params, ids, 2)
    for at in (1, 3, 5):
        changed = ids.copy()
        changed[:, at] = (changed[:, at] + 1) % 7
        with about(f"the predictions before token {at}, when that token changes"):
            close(kata.run(probes.logits_of, params, changed, 2)[:, :at], before[:, :at])


@task("gradients", title="The worked example: the loss and the table's gradient")
def test_the_gradients_of_the_worked_example(kata):
    loss, gradients = assert_parts(kata.loss_and_gradients(tiny, tiny_ids, tiny_targets, 1), "loss", "gradients")
    with about("the loss, and the gradient of the table (1.906 and [[0.443, -0.443], …])"):
        assert_gradients([loss, gradients], tiny, tiny_ids, tiny_targets, 1)
    rounded = np.array([[0.443, -0.443], [-0.721, 0.721], [0.279, -0.279]])
    if not np.allclose(gradients["tokens"], rounded, atol=5e-4):
        fail("the gradient of the table", rounded, gradients["tokens"])
    if not abs(float(loss) - 1.906) < 5e-4:
        fail("the loss", 1.906, loss)


@task("gradients", title="All gradients of two blocks, as in PyTorch")
def test_all_gradients(kata):
    assert_gradients(kata.loss_and_gradients(params, ids, targets, 2), params, ids, targets, 2)


@task("gradients", title="A text shorter than the context, in which a token is repeated")
def test_a_short_text(kata):
    these, next_ones = np.array([[4, 4, 4]]), np.array([[4, 4, 0]])
    assert_gradients(kata.loss_and_gradients(params, these, next_ones, 2), params, these, next_ones, 2)


@task("step", title="Three training steps, as in PyTorch")
def test_three_steps(kata, probes):
    batches, lrs = batches_of(np.random.default_rng(7), 3, 7), [0.01, 0.02, 0.005]
    assert_steps(kata.run(probes.steps, params, batches, 2, lrs), params, batches, 2, lrs)


@task("step", title="Two trainings do not share a state")
def test_two_trainings(kata, probes):
    batches, lrs = batches_of(np.random.default_rng(8), 2, 7), [0.01, 0.01]
    for _ in range(2):
        assert_steps(kata.run(probes.steps, params, batches, 2, lrs), params, batches, 2, lrs)


@task("cache", title="With a cache, the logits are those of the whole text")
def test_the_cache(kata, probes):
    expected = twin(tensors(params), ids[:1], 2).detach().numpy()[0]
    for chunks in ([6], [3, 3], [1] * 6, [2, 1, 3]):
        with about(f"a text of six tokens, in chunks of {chunks}"):
            close(kata.run(probes.logits_in_chunks, params, ids[0], 2, chunks), expected)


@task("cache", title="A seed decides what is written")
def test_writing(kata, probes):
    first = kata.run(probes.written, params, [1, 2], 4, 2, 0)
    if len(first) != 6 or [int(i) for i in first[:2]] != [1, 2]:
        fail("expected the prompt and four more tokens", "six ids, the first two 1 and 2", first)
    with about("the same prompt with the same seed"):
        assert_equal([int(i) for i in kata.run(probes.written, params, [1, 2], 4, 2, 0)], [int(i) for i in first])
    others = [[int(i) for i in kata.run(probes.written, params, [1, 2], 4, 2, seed)] for seed in range(1, 9)]
    if all(other == others[0] for other in others):
        fail("eight seeds wrote the same text", "different texts", others)


@task(
    "learns",
    title=f"After {STEPS} steps, the model predicts better than n-grams, and remembers what a story has said",
    unless_hidden=True,
)
def test_the_model_learns(kata, probes):
    assert_learned(kata.run(probes.trained, STEPS, CONTEXT, 1), 1)


@task("inputs", title="A call leaves its arguments alone")
def test_arguments_stay_as_they_are(kata, probes):
    calls = {
        "loss_and_gradients": [params, ids, targets, 2],
        "train_step": [params, None, ids, targets, 2, 0.01],
        "next_logits": [params, ids[0], None, 2],
    }
    _, gradients = assert_parts(kata.loss_and_gradients(*calls["loss_and_gradients"]), "loss", "gradients")
    assert_arranged(gradients, params, "the gradients")
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)
