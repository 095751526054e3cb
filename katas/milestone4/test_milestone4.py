"""Check what your framework offers, then your model against the same model in PyTorch."""

import importlib.util
import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_shape, task
from graders.checks.mismatch import fail

HERE = Path(__file__).parent
STEPS, CONTEXT = 250, 38  # of the training here; `katas run milestone4` takes 1600 steps, with passages of 48
REMEMBERED = 0.35  # a 5-gram model remembers 0.16, and the solution 0.9


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


class TwinBlock(nn.Module):
    def __init__(self, features, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.ln1, self.ln2 = nn.LayerNorm(features), nn.LayerNorm(features)
        self.qkv, self.proj = nn.Linear(features, 3 * features), nn.Linear(features, features)
        self.mlp_in, self.mlp_out = nn.Linear(features, 4 * features), nn.Linear(4 * features, features)

    def forward(self, x):
        heads = (each.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for each in self.qkv(self.ln1(x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(*heads, is_causal=True).transpose(1, 2).flatten(-2)
        x = x + self.proj(y)
        return x + self.mlp_out(F.gelu(self.mlp_in(self.ln2(x))))


class Twin(nn.Module):
    """The model, with the parameter names that yours has."""

    def __init__(self, vocabulary, context, features, n_heads, n_blocks):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, features), nn.Embedding(context, features)
        self.blocks = nn.ModuleList([TwinBlock(features, n_heads) for _ in range(n_blocks)])
        self.norm = nn.LayerNorm(features)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[-1]))
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T


def twin(sizes, state, dtype=torch.float64):
    made = Twin(*sizes).to(dtype)
    made.load_state_dict({name: torch.as_tensor(np.array(each)) for name, each in state.items()})
    return made


def twin_loss(model, ids, targets):
    ids, targets = (torch.as_tensor(np.array(each)) for each in (ids, targets))
    return F.cross_entropy(model(ids).flatten(0, 1), targets.flatten())


def twin_logits(sizes, state, ids):
    return twin(sizes, state)(torch.as_tensor(np.array(ids))).detach().numpy()


def state_of(drawn, sizes):
    """Return numbers for a small model. `drawn(*shape)` returns an array of standard normal numbers.

    They are rounded, because failures show programs with these numbers.
    """
    state = {}
    for name, each in Twin(*sizes).state_dict().items():
        numbers = drawn(*each.shape)
        if each.ndim == 2:
            numbers *= (2 if name == "tokens.weight" else 1) / math.sqrt(each.shape[1])
            state[name] = numbers.round(3)
        else:
            is_scale = name.endswith("weight")  # of a layer norm
            state[name] = (is_scale + 0.1 * numbers).round(3)
    return state


# ------------------------------------------------------------------------------------------ comparing


# Each number is a sum of a few hundred products, after layer norms that divide by standard deviations of about 1. So
# its rounding error is far below 8 eps · 1000 terms · 1000 = 2e-9, and mistakes are a million times as large.
def close(actual, expected, name=""):
    assert_close(actual, expected, scale=1000.0, terms=1000, name=name)


def assert_near(actual, expected):
    worst = float(np.max(np.abs(np.asarray(actual, dtype=float) - expected), initial=0.0))
    if not worst <= 1e-5:
        fail(f"differs from PyTorch's by {worst:.2g}; 1e-5 is allowed", expected, actual)


def assert_gradients(answer, sizes, state, ids, targets):
    """Compare the loss and all gradients with those of PyTorch's autograd."""
    loss, found = assert_parts(answer, "loss", "gradients")
    own = twin(sizes, state)
    expected = twin_loss(own, ids, targets)
    close(loss, expected.item(), name="loss")
    expected.backward()
    assert_equal(sorted(found), sorted(state))
    for name, parameter in own.named_parameters():
        with about(f"the gradient of {name}"):
            if found[name] is None:
                fail("no gradient arrived", parameter.grad.numpy(), None)
            close(found[name], parameter.grad.numpy())


def twin_steps(sizes, state, batches, lrs, eps):
    """Return the losses and the parameters after the same training steps in PyTorch, clipped to 1 / (norm + eps)."""
    own, losses = twin(sizes, state), []
    optimizer = torch.optim.AdamW(own.parameters(), weight_decay=0.01)
    for (ids, targets), lr in zip(batches, lrs, strict=True):
        optimizer.param_groups[0]["lr"] = lr
        optimizer.zero_grad()
        loss = twin_loss(own, ids, targets)
        loss.backward()
        norm = math.sqrt(sum(each.grad.square().sum().item() for each in own.parameters()))
        for each in own.parameters():
            each.grad *= min(1.0, 1 / (norm + eps))
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: each.numpy() for name, each in own.state_dict().items()}


def assert_steps(answer, sizes, state, batches, lrs):
    """Compare the losses and the parameters after some steps with PyTorch's.

    PyTorch's clip_grad_norm_ divides by the norm + 1e-6, and you may leave the 1e-6 out. Training enlarges this small
    difference, sometimes ten thousand times in 50 steps. So your steps are compared with both, and must be those of
    one. Rounding errors of 1e-16 stay far below the 1e-5 that is allowed, enlarged as much.
    """
    losses, moved = assert_parts(answer, "losses", "state")
    twins = [twin_steps(sizes, state, batches, lrs, eps) for eps in (1e-6, 0.0)]
    expected, arrays = min(twins, key=lambda each: np.abs(np.array(each[0]) - np.array(losses, dtype=float)).max())
    for step, (actual, reference) in enumerate(zip(losses, expected, strict=True)):
        with about(f"the loss before step {step + 1}"):
            assert_near(actual, reference)
    for name, reference in arrays.items():
        with about(f"{name} after {len(lrs)} steps"):
            assert_shape(moved[name], reference.shape)
            assert_near(moved[name], reference)


def batches_of(rng, count, vocabulary, n=2, tokens=5):
    made = [rng.integers(0, vocabulary, (n, tokens + 1)) for _ in range(count)]
    return [(ids[:, :-1], ids[:, 1:]) for ids in made]


def assert_resumes(answer, at, same):
    """Check that a training from a checkpoint repeats the other one; `same(actual, expected)` compares numbers."""
    files, step, losses, others, state, again = assert_parts(
        answer, "files", "step", "losses", "others", "state", "again"
    )
    if "checkpoint" not in files:
        fail("save_checkpoint wrote no file of exactly the name that it was given", ["checkpoint"], files)
    with about("the step that load_checkpoint returns"):
        assert_equal(step, at)
    with about("the losses of the steps after the checkpoint"):
        for actual, expected in zip(others, losses, strict=True):
            same(actual, expected)
    for name in state:
        with about(f"{name}, at the end of the training that continued from the checkpoint"):
            same(again[name], state[name])


def assert_learned(state, seed):
    """Check that a model predicts stories better than counting does, and that it remembers what they have said."""
    corpus, text = short_training(seed)
    sizes = len(text.tokens), CONTEXT, 64, 4, 2  # as in training.py
    assert_equal({name: list(np.shape(each)) for name, each in state.items()}, shapes(sizes))
    at = text.held_back_starts[:, None] + np.arange(CONTEXT)
    with torch.no_grad():
        own = twin(sizes, state, torch.float32)
        bits = twin_loss(own, text.held_back[at], text.held_back[at + 1]).item() / math.log(2)
        shares = corpus.remembered(
            lambda ids: own(torch.tensor(ids)).argmax(dim=-1).numpy(), text.unseen, text.tokens, CONTEXT
        )
    for n, name in ((2, "bigram"), (5, "5-gram")):
        limit = corpus.n_gram_bits(text, n)
        if not bits < limit:
            said = f"the model needs {bits:.2f} bits for a token of new stories; the {name} model needs {limit:.2f}"
            fail(said, f"less than {limit:.2f}", bits)
    if sum(shares.values()) / len(shares) < REMEMBERED:
        known = ", ".join(f"{share:.0%} of the {what}s" for what, share in shares.items())
        said = f"of what new stories repeat, the model remembers {known}; one that looks back remembers most"
        fail(said, f"at least {REMEMBERED:.0%} on average", sum(shares.values()) / len(shares))


def shapes(sizes):
    """Return the shape of every parameter, by name."""
    return {name: list(each.shape) for name, each in Twin(*sizes).state_dict().items()}


# ------------------------------------------------------------------------------------------ the examples

tiny_sizes = 3, 2, 2, 1, 0  # vocabulary, context, features, heads, blocks: no block at all
tiny = {
    "tokens.weight": np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]),
    "positions.weight": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "norm.weight": np.array([1.0, 1.0]),
    "norm.bias": np.array([0.0, 0.0]),
}
y0, y1 = 1 / math.sqrt(1 + 1e-5), 0.5 / math.sqrt(0.25 + 1e-5)  # nearly 1: the layer norm adds its eps
tiny_logits = np.array([[[y0, -2 * y0, -2 * y0], [-y1, 2 * y1, 2 * y1]]])

sizes = 7, 6, 4, 2, 2
_rng = np.random.default_rng(4)
state = state_of(lambda *shape: _rng.normal(size=shape), sizes)
ids = _rng.integers(0, 7, (3, 6))
targets = _rng.integers(0, 7, (3, 6))

a = np.arange(24.0).reshape(2, 3, 4) / 10
OPERATIONS = {  # what is called, the arrays, and the same in PyTorch
    "x @ y": ((a.reshape(1, 2, 3, 4), a.reshape(1, 2, 4, 3)), torch.matmul),
    "x.reshape(2, 3, 2, 2)": ((a,), lambda x: x.reshape(2, 3, 2, 2)),
    "x.transpose(1, 2)": ((a,), lambda x: x.transpose(1, 2)),
    "x[..., 1:3]": ((a,), lambda x: x[..., 1:3]),
    "cat([x, y], dim=2)": ((a, a[..., :1] + 1), lambda x, y: torch.cat([x, y], dim=2)),
    "where(condition, x, y)": ((a > 1, a, -a), torch.where),
    "x.softmax(-1)": ((a**2,), lambda x: x.softmax(-1)),
    "Linear(4, 3)(x)": ((a, a[0]), F.linear),
    "Embedding(5, 2)(ids)": (
        (np.arange(10.0).reshape(5, 2), np.array([[1, 4], [4, 0]])),
        lambda w, i: F.embedding(i, w),
    ),
    "LayerNorm(4)(x)": ((a**2,), lambda x: F.layer_norm(x, (4,))),
    "GELU()(x)": ((a - 1,), F.gelu),
    "CrossEntropyLoss()(x, t)": ((a[0], np.array([1, 3, 0])), F.cross_entropy),
}


# ------------------------------------------------------------------------------------------ the tests


@task("operations", title="The operations and layers that the model needs")
def test_operations(kata, probes):
    for name, (arrays, program) in OPERATIONS.items():
        given = [torch.tensor(each, requires_grad=each.dtype.kind == "f") for each in arrays]
        expected = program(*given)
        expected.square().sum().backward()
        with about(f"your framework: {name}"):
            y, *gradients = kata.run(probes.operation, name, list(arrays))
            close(y, expected.detach().numpy())
        leaves = [each for each in given if each.requires_grad]
        for gradient, leaf in zip(gradients, leaves, strict=False):
            with about(f"your framework: the gradient that {name} passes on"):
                close(gradient, leaf.grad.numpy())


@task("operations", title="A learning rate that changes: optimizer.param_groups[0]")
def test_the_learning_rate_can_change(kata, probes):
    with about("the weight after a step of AdamW with lr = 0.5, and after one with lr = 0"):
        for actual in kata.run(probes.settings):
            assert_near(actual, 0.5)


@task("model", title="The names and shapes of the parameters")
def test_names_and_shapes(kata, probes):
    with about("the shapes in GPT(7, 6, 4, 2, 2).state_dict(), by name"):
        assert_equal(kata.run(probes.shapes_of, sizes), shapes(sizes))


@task("model", title="The worked example: logits")
def test_tiny_logits(kata, probes):
    close(kata.run(probes.logits_of, tiny_sizes, tiny, np.array([[0, 1]])), tiny_logits)


@task("model", title="Two blocks with two heads, as in PyTorch")
def test_logits(kata, probes):
    close(kata.run(probes.logits_of, sizes, state, ids), twin_logits(sizes, state, ids))
    with about("a text that is shorter than the context"):
        close(kata.run(probes.logits_of, sizes, state, ids[:, :2]), twin_logits(sizes, state, ids[:, :2]))


@task("model", title="A later token never changes an earlier prediction")
def test_a_later_token_does_not_matter(kata, probes):
    changed = ids.copy()
    changed[:, 3] = (ids[:, 3] + 1) % 7
    before, after = (kata.run(probes.logits_of, sizes, state, each) for each in (ids, changed))
    with about("the predictions before token 3, when that token changes"):
        close(after[:, :3], before[:, :3])


@task("gradients", title="The worked example: the table's gradient")
def test_tiny_gradients(kata, probes):
    targets = np.array([[1, 2]])
    loss, found = assert_parts(
        kata.run(probes.gradients, tiny_sizes, tiny, np.array([[0, 1]]), targets), "loss", "gradients"
    )
    assert_near(loss, twin_loss(twin(tiny_sizes, tiny), np.array([[0, 1]]), targets).item())
    with about("the gradient of tokens.weight, rounded"):
        assert_equal(np.round(found["tokens.weight"], 3).tolist(), [[0.443, -0.443], [-0.721, 0.721], [0.279, -0.279]])


@task("gradients", title="The loss and all gradients, as in PyTorch")
def test_gradients(kata, probes):
    assert_gradients(kata.run(probes.gradients, sizes, state, ids, targets), sizes, state, ids, targets)


@task("step", title="clip_grad_norm_ scales all gradients together")
def test_clipping(kata, probes):
    gradients = [np.array([3.0, 0.0]), None, np.array([[4.0]])]
    norm, (first, none, second) = assert_parts(kata.run(probes.clipped, gradients, 1.0), "norm", "gradients")
    with about("the norm before clipping"):
        assert_near(norm, 5.0)
    with about("the gradients [3, 0], None and [[4]], clipped to a norm of 1"):
        assert_near(first, np.array([0.6, 0.0]))
        assert_near(second, np.array([[0.8]]))
        assert_equal(none, None)
    with about("the gradients [3, 0] and [[4]], with a norm of at most 10"):
        _, (first, second) = kata.run(probes.clipped, [gradients[0], gradients[2]], 10.0)
        assert_near(first, gradients[0])
        assert_near(second, gradients[2])


@task("step", title="Three training steps, as in PyTorch")
def test_three_steps(kata, probes):
    batches, lrs = batches_of(np.random.default_rng(5), 3, 7), [0.001, 0.01, 0.005]
    assert_steps(kata.run(probes.steps, sizes, state, batches, lrs), sizes, state, batches, lrs)


@task("writing", title="In chunks, the logits are those of the whole text")
def test_chunks(kata, probes):
    expected = twin_logits(sizes, state, ids[:1])[0]
    for chunks in ([6], [3, 3], [1, 1, 1, 1, 1, 1], [2, 1, 3]):
        with about(f"a text in chunks of {chunks}"):
            close(kata.run(probes.logits_in_chunks, sizes, state, ids[0], chunks), expected)


@task("writing", title="Also a model without any block knows which positions come next")
def test_chunks_without_a_block(kata, probes):
    bare = (*sizes[:4], 0)
    outside = {name: array for name, array in state.items() if not name.startswith("blocks.")}
    for chunks in ([2, 4], [1, 2, 3]):
        with about(f"GPT{bare}, a model with no block, and a text in chunks of {chunks}"):
            close(
                kata.run(probes.logits_in_chunks, bare, outside, ids[0], chunks), twin_logits(bare, outside, ids[:1])[0]
            )


@task("writing", title="With temperature 0, the most probable token follows")
def test_greedy_text(kata, probes):
    expected = [1, 4]
    for _ in range(4):
        expected.append(int(twin_logits(sizes, state, [expected])[0, -1].argmax()))
    assert_equal(kata.run(probes.generated, sizes, state, [1, 4], 4, [0], 0)[0], expected)


@task("writing", title="A seed decides what is written")
def test_writing(kata, probes):
    seeds = list(range(20))  # two texts of four ids are often equal by chance, but not so many pairs of them
    texts = kata.run(probes.generated, sizes, state, [1, 4], 4, seeds + seeds, 1.0)
    if any(len(text) != 6 or text[:2] != [1, 4] or not all(0 <= i < 7 for i in text) for text in texts):
        fail("expected the prompt [1, 4] and four more ids from 0 to 6", [1, 4], texts)
    with about("the same prompt with the same seeds"):
        assert_equal(texts[len(seeds) :], texts[: len(seeds)])
    if all(text == texts[0] for text in texts):
        fail(f"{len(seeds)} seeds wrote the same text", "different texts", texts)


@task("writing", title="How often each token follows, at temperature 2")
def test_temperature(kata, probes):
    texts = kata.run(probes.generated, sizes, state, [1, 4], 1, list(range(2000)), 2.0)
    assert_frequencies([text[-1] for text in texts], twin_logits(sizes, state, [[1, 4]])[0, -1] / 2)


def assert_frequencies(drawn, logits):
    """Compare how often each id was drawn with its probability.

    By Hoeffding's bound, a share of n draws is off by more than t with a probability of at most 2 exp(-2 n t²). For
    seven ids and t = sqrt(14 / n) that is less than 1e-11.
    """
    n = len(drawn)
    p = np.exp(logits - logits.max())
    p /= p.sum()
    for i, share in enumerate(np.bincount(drawn, minlength=len(p))[: len(p)] / n):
        if abs(share - p[i]) > math.sqrt(14 / n):
            fail(f"id {i} was drawn in {share:.1%} of {n} texts; its probability is {p[i]:.1%}", p, share)


@task("checkpoint", title="A training that continues from a checkpoint repeats the other one")
def test_checkpoint(kata, probes):
    batches, lrs = batches_of(np.random.default_rng(6), 5, 7), [0.01, 0.02, 0.01, 0.005, 0.01]
    answer = kata.run(probes.resumed, sizes, [state, shifted(state)], batches, lrs, 3, "float64")
    assert_resumes(answer, 3, assert_near)


@task("exact", title="A training that continues repeats every bit, in float32")
def test_checkpoint_bit_for_bit(kata, probes):
    batches, lrs = batches_of(np.random.default_rng(7), 5, 7), [0.01, 0.02, 0.01, 0.005, 0.01]
    answer = kata.run(probes.resumed, sizes, [state, shifted(state)], batches, lrs, 3, "float32")
    assert_resumes(answer, 3, assert_equal)


def shifted(state):
    """Return other numbers, with which the second model begins, so that the checkpoint must replace them."""
    return {name: each + 0.5 for name, each in state.items()}


@task(
    "learns",
    title=f"After {STEPS} steps, the model predicts better than n-grams, and remembers what a story has said",
    unless_hidden=True,
)
def test_the_model_learns(kata, probes):
    assert_learned(kata.run(probes.trained, STEPS, CONTEXT, 1), 1)


@task("inputs", title="Calls leave their arguments alone")
def test_arguments_stay_as_they_are(kata, probes):
    with about("ids, targets and the prompt, after train_step, next_logits and generate"):
        after = kata.run(probes.arguments_after, sizes, state, ids, targets)
        assert_equal(after, [ids, targets, [int(i) for i in ids[0, :2]]])
