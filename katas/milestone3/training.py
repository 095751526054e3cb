"""The training loop (supplied): it trains your language model on a text, and shows what the model writes meanwhile."""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import corpus
import numpy as np
from attention import attention, split_heads
from layer_norm import layer_norm
from optimizers import warmup_cosine
from softmax_cross_entropy import cross_entropy
from writing import write

from graders.worker.recorder import Recorder

FEATURES, N_HEADS, N_BLOCKS = 64, 4, 2
CONTEXT = 64  # the model sees at most this many characters
BATCH = 16  # passages of the text in a step
STEPS = 2500
LEARNING_RATE, WARMUP = 0.004, 100
PROMPT = "A network"


def arrays_of(params: Any) -> list[np.ndarray]:
    """Return all arrays of a nested dict of parameters or gradients, in an order that depends only on the names."""
    if isinstance(params, np.ndarray):
        return [params]
    parts = [params[name] for name in sorted(params)] if isinstance(params, dict) else params
    return [array for part in parts for array in arrays_of(part)]


def arranged_like(params: Any, arrays: list[np.ndarray]) -> Any:
    """Return the nested dict that is arranged like `params` and whose arrays_of are these."""
    return _arranged(params, iter(arrays))


def _arranged(params: Any, arrays: Iterator[np.ndarray]) -> Any:
    if isinstance(params, np.ndarray):
        return next(arrays)
    if isinstance(params, dict):
        return {name: _arranged(params[name], arrays) for name in sorted(params)}
    return [_arranged(part, arrays) for part in params]


def initial_parameters(
    n_characters: int, rng: np.random.Generator, *, context: int = CONTEXT, dtype: type = np.float32
) -> dict:
    """Return fresh parameters. Scales are 1 and biases 0; weights are normal with a variance of 1 / inputs.

    The layers that add to the residual stream start smaller, so that a deep model starts like a shallow one.
    """

    def normal(*shape: int, std: float) -> np.ndarray:
        return (std * rng.standard_normal(shape)).astype(dtype)

    def block() -> dict[str, np.ndarray]:
        d, last = FEATURES, 1 / math.sqrt(2 * N_BLOCKS)
        weights = {
            "qkv_weight": normal(3 * d, d, std=d**-0.5),
            "proj_weight": normal(d, d, std=last * d**-0.5),
            "mlp_in_weight": normal(4 * d, d, std=d**-0.5),
            "mlp_out_weight": normal(d, 4 * d, std=last * (4 * d) ** -0.5),
        }
        biases = {name.replace("weight", "bias"): np.zeros(len(array), dtype) for name, array in weights.items()}
        norms = {f"ln{i}_gamma": np.ones(d, dtype) for i in (1, 2)} | {
            f"ln{i}_beta": np.zeros(d, dtype) for i in (1, 2)
        }
        return weights | biases | norms

    return {
        "tokens": normal(n_characters, FEATURES, std=0.05),
        "positions": normal(context, FEATURES, std=0.02),
        "blocks": [block() for _ in range(N_BLOCKS)],
        "gamma": np.ones(FEATURES, dtype),
        "beta": np.zeros(FEATURES, dtype),
    }


def passages(ids: np.ndarray, n: int, context: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return n random passages (n, context), and the characters that follow each of theirs, of the same shape."""
    at = rng.integers(0, len(ids) - context, n)[:, None] + np.arange(context)
    return ids[at], ids[at + 1]


def train(
    train_step: Callable[..., tuple[dict, Any, float]],
    ids: np.ndarray,
    n_characters: int,
    *,
    seed: int,
    steps: int = STEPS,
    context: int = CONTEXT,
    learning_rate: float = LEARNING_RATE,
    tell: Callable[[int, float, dict], None] = lambda step, loss, params: None,
) -> tuple[dict, list[float]]:
    """Train a fresh model; return its parameters and the loss before each step. Ctrl-C ends the training early.

    After every step, `tell` gets the number of steps done, the loss before this step, and the parameters.
    """
    rng = np.random.default_rng(seed)
    params, state, losses = initial_parameters(n_characters, rng, context=context), None, []
    try:
        for step in range(steps):
            lr = warmup_cosine(step, learning_rate, WARMUP, steps, learning_rate / 20)
            params, state, loss = train_step(params, state, *passages(ids, BATCH, context, rng), N_HEADS, lr)
            losses.append(float(loss))
            tell(step + 1, losses[-1], params)
    except KeyboardInterrupt:
        print(f"\nstopped after {len(losses)} of {steps} steps")
    return params, losses


def bits_per_character(forward: Callable[..., Any], params: dict, ids: np.ndarray) -> float:
    """Return the mean cross-entropy, in bits, of the model's predictions for a text, in passages of its context."""
    context = len(params["positions"])
    at = np.arange(0, len(ids) - context, context)[:, None] + np.arange(context)
    total = 0.0
    for rows in np.array_split(at, math.ceil(len(at) / BATCH)):
        logits, _ = forward(params, ids[rows], N_HEADS)
        total += float(cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[rows + 1].reshape(-1))) * rows.size
    return total / at.size / math.log(2)


def written(next_logits: Callable[..., Any], params: dict, characters: str, prompt: str, seed: int) -> str:
    """Return a line that the model writes after the prompt, as long as its positions last."""
    ids = [int(i) for i in corpus.encode(prompt, characters)]

    def step(new: Any, cache: Any) -> Any:
        return next_logits(params, np.asarray(new), cache, N_HEADS)

    n_new = len(params["positions"]) - len(ids)
    return corpus.decode(write(step, ids, n_new, np.random.default_rng(seed), 0.7), characters)


def n_gram_bits(ids: np.ndarray, held_back: np.ndarray, n_characters: int, n: int, smoothing: float = 0.1) -> float:
    """Return the bits per character of an n-gram model, with the smoothing of exercise 13 for its n - 1 characters."""

    def keys(text: np.ndarray, length: int) -> np.ndarray:
        return sum(text[i : len(text) - length + 1 + i] * n_characters**i for i in range(length))

    def counted(length: int) -> np.ndarray:
        """Return how often each passage of the held-back text occurs in the other; n - 1 characters, before another."""
        found, counts = np.unique(keys(ids[: len(ids) - n + length], length), return_counts=True)
        wanted = keys(held_back, length)
        at = np.minimum(np.searchsorted(found, wanted), len(found) - 1)
        return np.where(found[at] == wanted, counts[at], 0)

    before = counted(n - 1)[: len(held_back) - n + 1]
    return float(-np.log2((counted(n) + smoothing) / (before + n_characters * smoothing)).mean())


# ---------------------------------------------------------------------------------------------------- the program


def main(
    forward: Callable[..., Any],
    train_step: Callable[..., tuple[dict, Any, float]],
    next_logits: Callable[..., Any],
) -> None:
    """Train the model, show what it writes, measure it on text that it hasn't seen, and draw: training.png."""
    parser = argparse.ArgumentParser(prog="katas run milestone3 --", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=corpus.SHIPPED, help="a text file of your own, in UTF-8")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (default: %(default)s)")
    parser.add_argument("--prompt", default=None, help="how each line that the model writes begins")
    options = parser.parse_args()
    try:
        ids, held_back, characters = corpus.divided(corpus.read(options.data))
        prompt = PROMPT if options.prompt is None else options.prompt
        if options.prompt is None and not set(PROMPT) <= set(characters):
            prompt = characters[0]
            print(f"your text lacks a character of {PROMPT!r}, so each line begins with {prompt!r}")
        corpus.encode(prompt, characters)
    except corpus.TextError as fault:
        sys.exit(f"milestone3: {fault}")
    if not 0 < len(prompt) < CONTEXT:
        sys.exit(f"milestone3: --prompt: give 1 to {CONTEXT - 1} characters.")
    if options.steps < 1:
        sys.exit("milestone3: --steps: give at least 1.")
    print(f"{len(ids)} characters to learn from, {len(held_back)} held back, {len(characters)} different ones")
    learning_rate, seed = Recorder.settings(learning_rate=LEARNING_RATE, seed=0)
    recorder = Recorder(options.steps, unit="bits")

    def tell(step: int, loss: float, params: dict) -> None:
        line = partial(written, next_logits, params, characters, prompt, step)
        recorder.step(loss / math.log(2), text=lambda: line().replace("\n", "⏎"))

    params, losses = train(
        train_step, ids, len(characters), seed=seed, steps=options.steps, learning_rate=learning_rate, tell=tell
    )
    if not losses:
        return
    n_grams = {n: n_gram_bits(ids, held_back, len(characters), n) for n in (2, 5)}
    bits = bits_per_character(forward, params, held_back)
    print(f"bits per character of the text held back: {bits:.2f} (bigram {n_grams[2]:.2f}, 5-gram {n_grams[5]:.2f})")
    print("\n" + "\n".join(written(next_logits, params, characters, prompt, seed) for seed in range(8)))
    if recorder.in_page:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no picture, because matplotlib is missing: pip install matplotlib")
        return
    figure = Figure(figsize=(10, 7), layout="constrained")
    draw(figure, params, losses, n_grams, bits, characters, "The network learns")
    figure.savefig("training.png")
    print(f"\n{Path('training.png').absolute()} shows the loss, what the first block attends to, and the characters")


def draw(
    figure: Any, params: dict, losses: list[float], n_grams: dict[int, float], bits: float, characters: str, line: str
) -> None:
    """Draw the loss against the n-grams', the first block's attention on a line, and the characters' vectors."""
    top, bottom = figure.subfigures(2, 1)
    left, right = top.subplots(1, 2)
    values = np.array(losses) / math.log(2)
    left.plot(values, linewidth=0.4, color="0.75", label="one batch")
    width = max(1, len(values) // 60)
    left.plot(
        np.arange(width, len(values) + 1, width) - width / 2,
        [values[at : at + width].mean() for at in range(0, len(values) - width + 1, width)],
        label="mean of some steps",
    )
    for n, style in zip(n_grams, ("--", ":"), strict=False):
        left.axhline(
            n_grams[n], linestyle=style, color="C3", label=f"{'bigram' if n == 2 else f'{n}-gram'}, held-back text"
        )
    left.axhline(bits, color="C2", label="your model, held-back text")
    left.set(xlabel="step", ylabel="bits per character", title="Learning", ylim=(0, values[0] * 1.05))
    left.legend(fontsize=7)
    table = params["tokens"] - params["tokens"].mean(axis=0)
    two = table @ np.linalg.svd(table, full_matrices=False)[2][:2].T
    kinds = {"vowels": "aeiou", "consonants": "bcdfghjklmnpqrstvwxyz", "capitals": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    kinds |= {"digits": "0123456789"}
    for color, (kind, members) in enumerate(kinds.items()):
        chosen = [i for i, character in enumerate(characters) if character in members]
        for i in chosen:
            right.text(*two[i], characters[i], color=f"C{color}", ha="center", va="center", fontsize=8)
        if chosen:
            right.plot([], [], "o", color=f"C{color}", label=kind)
    shown = [i for i, each in enumerate(characters) if each.isalnum()] or range(len(characters))
    reach = abs(two[shown]).max() * 1.1
    right.set(title="The characters' vectors, in two dimensions", xlim=(-reach, reach), ylim=(-reach, reach))
    right.legend(fontsize=7)
    known = [character for character in line if character in characters] or list(characters[:20])
    p = params["blocks"][0]
    x = params["tokens"][corpus.encode("".join(known), characters)] + params["positions"][: len(known)]
    q, k, v = np.split(layer_norm(x, p["ln1_gamma"], p["ln1_beta"]) @ p["qkv_weight"].T + p["qkv_bias"], 3, axis=-1)
    _, weights = attention(split_heads(q, N_HEADS), split_heads(k, N_HEADS), split_heads(v, N_HEADS))
    bottom.suptitle("What each head of the first block looks at: one row for each character", fontsize=10)
    for head, axes in enumerate(bottom.subplots(1, N_HEADS)):
        axes.imshow(weights[head], cmap="Blues", vmin=0)
        axes.set_xticks(range(len(known)), known, fontsize=6)
        axes.set_yticks(range(len(known)), known, fontsize=6)
        axes.set_title(f"head {head + 1}", fontsize=8)
