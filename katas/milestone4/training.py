"""The training loop (supplied): it trains your GPT on a text, with checkpoints from which it can continue."""

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import corpus
import numpy as np

from graders.worker.recorder import Recorder

FEATURES, N_HEADS, N_BLOCKS = 64, 4, 2  # the model of milestone 3
CONTEXT = 64  # the model sees at most this many characters
BATCH = 16  # passages of the text in a step
STEPS = 2500
LEARNING_RATE, WARMUP, WEIGHT_DECAY = 0.004, 100, 0.01
SAVED_EVERY = 30.0  # seconds between two checkpoints
CHECKPOINT = Path("checkpoint")
PROMPT = "A network"


def initial_state(n_characters: int, rng: np.random.Generator, *, context: int = CONTEXT) -> dict[str, np.ndarray]:
    """Return the numbers with which a training begins, by their names in your model's state_dict; float32.

    Scales are 1 and biases 0; weights are normal with a variance of 1 / inputs. The layers that add to the residual
    stream start smaller, so that a deep model starts like a shallow one.
    """
    d, last = FEATURES, 1 / math.sqrt(2 * N_BLOCKS)

    def normal(*shape: int, std: float) -> np.ndarray:
        return (std * rng.standard_normal(shape)).astype(np.float32)

    state = {"tokens.weight": normal(n_characters, d, std=0.05), "positions.weight": normal(context, d, std=0.02)}
    for i in range(N_BLOCKS):
        weights = {
            "qkv": normal(3 * d, d, std=d**-0.5),
            "proj": normal(d, d, std=last * d**-0.5),
            "mlp_in": normal(4 * d, d, std=d**-0.5),
            "mlp_out": normal(d, 4 * d, std=last * (4 * d) ** -0.5),
        }
        for name, weight in weights.items():
            state |= {f"blocks.{i}.{name}.weight": weight, f"blocks.{i}.{name}.bias": np.zeros(len(weight), np.float32)}
        for name in ("ln1", "ln2"):
            state |= {f"blocks.{i}.{name}.weight": np.ones(d, np.float32)}
            state |= {f"blocks.{i}.{name}.bias": np.zeros(d, np.float32)}
    return state | {"norm.weight": np.ones(d, np.float32), "norm.bias": np.zeros(d, np.float32)}


def passages(ids: np.ndarray, n: int, context: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return n random passages (n, context), and the characters that follow each of theirs, of the same shape."""
    at = rng.integers(0, len(ids) - context, n)[:, None] + np.arange(context)
    return ids[at], ids[at + 1]


def learning_rate(step: int, steps: int) -> float:
    """Return the learning rate of a step: it rises in the warm-up, then falls along half a cosine to a twentieth."""
    if step < WARMUP:
        return LEARNING_RATE * (step + 1) / WARMUP
    done = (step - WARMUP) / max(1, steps - WARMUP)
    low = LEARNING_RATE / 20
    return low + (LEARNING_RATE - low) * (1 + math.cos(math.pi * done)) / 2


def train(
    model: Any,
    optimizer: Any,
    train_step: Callable[..., float],
    ids: np.ndarray,
    *,
    seed: int,
    steps: int = STEPS,
    start: int = 0,
    context: int = CONTEXT,
    tell: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Train a model from step `start` on; return the loss before each step.

    Each step draws its passages from the seed and its own number, so a training that continues from a checkpoint sees
    the same ones. After every step, `tell` gets the number of steps done and the loss before this step.
    """
    losses = []
    for step in range(start, steps):
        batch = passages(ids, BATCH, context, np.random.default_rng([seed, step]))
        losses.append(float(train_step(model, optimizer, *batch, learning_rate(step, steps))))
        tell(step + 1, losses[-1])
    return losses


def bits_per_character(model: Any, ids: np.ndarray, context: int = CONTEXT) -> float:
    """Return the mean cross-entropy, in bits, of the model's predictions for a text, in passages of its context."""
    at = np.arange(0, len(ids) - context, context)[:, None] + np.arange(context)
    total = 0.0
    for rows in np.array_split(at, math.ceil(len(at) / BATCH)):
        logits = np.asarray(model(ids[rows]).detach().numpy(), dtype=np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        total -= float(np.take_along_axis(log_p, ids[rows + 1][..., None], axis=-1).sum())
    return total / at.size / math.log(2)


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
    GPT: Callable[..., Any],
    train_step: Callable[..., float],
    save_checkpoint: Callable[..., None],
    load_checkpoint: Callable[..., int],
) -> None:
    """Train your GPT, show what it writes, and measure it on text that it hasn't seen. Run it again to go on."""
    from your_framework import AdamW

    parser = argparse.ArgumentParser(prog="katas run milestone4 --", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=corpus.SHIPPED, help="a text file of your own, in UTF-8")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (default: %(default)s)")
    parser.add_argument("--prompt", default=None, help="how each line that the model writes begins")
    parser.add_argument("--afresh", action="store_true", help="start from the beginning, not from the checkpoint")
    options = parser.parse_args()
    try:
        ids, held_back, characters = corpus.divided(corpus.read(options.data))
        prompt = (
            (PROMPT if set(PROMPT) <= set(characters) else characters[0]) if options.prompt is None else options.prompt
        )
        start = [int(i) for i in corpus.encode(prompt, characters)]
    except corpus.TextError as fault:
        sys.exit(f"milestone4: {fault}")
    if not 0 < len(prompt) < CONTEXT or options.steps < 1:
        sys.exit(f"milestone4: a prompt has 1 to {CONTEXT - 1} characters, and a training at least 1 step.")
    print(f"{len(ids)} characters to learn from, {len(held_back)} held back, {len(characters)} different ones")
    model = GPT(len(characters), CONTEXT, FEATURES, N_HEADS, N_BLOCKS)
    model.load_state_dict(initial_state(len(characters), np.random.default_rng(0)))
    optimizer = AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    done = 0
    if CHECKPOINT.exists() and not options.afresh:
        try:
            done = load_checkpoint(CHECKPOINT, model, optimizer)
        except Exception as fault:  # noqa: BLE001 (a damaged file, or one of another text or another model)
            sys.exit(f"milestone4: {CHECKPOINT.resolve()} does not fit ({fault!r}). Start again with --afresh.")
        print(f"continuing after step {done}")
    saved, reached = time.monotonic(), done
    recorder = Recorder(options.steps, unit="bits", start=done)

    def written(seed: int) -> str:
        rng = np.random.default_rng(seed)
        return corpus.decode(model.generate(start, CONTEXT - len(start), rng, temperature=0.7), characters)

    def tell(step: int, loss: float) -> None:
        nonlocal saved, reached
        reached = step
        if time.monotonic() - saved >= SAVED_EVERY:
            save_checkpoint(CHECKPOINT, model, optimizer, step)
            saved = time.monotonic()
        recorder.step(loss / math.log(2), text=lambda: written(step).replace("\n", "⏎"))

    try:
        train(model, optimizer, train_step, ids, seed=0, steps=options.steps, start=done, tell=tell)
        save_checkpoint(CHECKPOINT, model, optimizer, reached)
    except KeyboardInterrupt:
        sys.exit(f"\nstopped after step {reached}; {CHECKPOINT} has the last state that was saved. Run again to go on.")
    n_grams = {n: n_gram_bits(ids, held_back, len(characters), n) for n in (2, 5)}
    bits = bits_per_character(model, held_back)
    print(f"bits per character of the text held back: {bits:.2f} (bigram {n_grams[2]:.2f}, 5-gram {n_grams[5]:.2f})")
    print("\n" + "\n".join(written(seed) for seed in range(8)))
