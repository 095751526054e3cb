"""The training loop (supplied): it trains your GPT on stories, with checkpoints from which it can continue."""

import argparse
import math
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import corpus
import numpy as np

from graders.worker.recorder import Recorder

FEATURES, N_HEADS, N_BLOCKS = 64, 4, 2  # the model of milestone 3
CONTEXT = 48  # the model sees at most this many tokens; no story has more
BATCH = 16  # passages in a step
STEPS = 1600
LEARNING_RATE, WARMUP, WEIGHT_DECAY = 0.006, 50, 0.01
TEMPERATURE = 0.5
SAVED_EVERY = 30.0  # seconds between two checkpoints
CHECKPOINT = Path("checkpoint")
TRIED, SHOWN = 100, 8  # beginnings of unseen stories, in the end
LIKELY = 5  # tokens that are shown


def initial_state(n_tokens: int, rng: np.random.Generator, *, context: int = CONTEXT) -> dict[str, np.ndarray]:
    """Return the numbers with which a training begins, by their names in your model's state_dict; float32.

    Scales are 1 and biases 0; weights are normal with a variance of 1 / inputs. The layers that add to the residual
    stream start smaller, so that a deep model starts like a shallow one.
    """
    d, last = FEATURES, 1 / math.sqrt(2 * N_BLOCKS)

    def normal(*shape: int, std: float) -> np.ndarray:
        return (std * rng.standard_normal(shape)).astype(np.float32)

    state = {"tokens.weight": normal(n_tokens, d, std=0.1), "positions.weight": normal(context, d, std=0.02)}
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


def passages(
    ids: np.ndarray, starts: np.ndarray, n: int, context: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return n passages (n, context) that begin at some of the starts, and the tokens that follow each of theirs."""
    at = rng.choice(starts, n)[:, None] + np.arange(context)
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
    starts: np.ndarray,
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
        batch = passages(ids, starts, BATCH, context, np.random.default_rng([seed, step]))
        losses.append(float(train_step(model, optimizer, *batch, learning_rate(step, steps))))
        tell(step + 1, losses[-1])
    return losses


def bits_per_token(model: Any, text: corpus.Corpus, context: int = CONTEXT) -> float:
    """Return the mean cross-entropy, in bits, of the model's predictions for the text held back."""
    at = text.held_back_starts[:, None] + np.arange(context)
    total = 0.0
    for rows in np.array_split(at, math.ceil(len(at) / BATCH)):
        logits = np.asarray(model(text.held_back[rows]).detach().numpy(), dtype=np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        total -= float(np.take_along_axis(log_p, text.held_back[rows + 1][..., None], axis=-1).sum())
    return total / at.size / math.log(2)


# ---------------------------------------------------------------------------------------------------- the program


def main(
    GPT: Callable[..., Any],
    train_step: Callable[..., float],
    save_checkpoint: Callable[..., None],
    load_checkpoint: Callable[..., int],
) -> None:
    """Train your GPT, show what it writes, and try what it remembers. Run it again to go on."""
    from your_framework import AdamW

    parser = argparse.ArgumentParser(prog="katas run milestone4 --", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=None, help="a text file of your own, in UTF-8, instead of stories")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (default: %(default)s)")
    parser.add_argument("--prompt", default=None, help="how each line that the model writes begins")
    parser.add_argument("--afresh", action="store_true", help="start from the beginning, not from the checkpoint")
    options = parser.parse_args()
    try:
        own = options.data is not None
        text = (
            corpus.of_file(options.data, corpus.words_of, CONTEXT)
            if own
            else corpus.of_stories(corpus.words_of, CONTEXT)
        )
        tokens, beginnings = text.tokens, text.beginnings if options.prompt is None else [options.prompt]
        length = len(tokens.encode(beginnings[0]))
    except corpus.TextError as fault:
        sys.exit(f"milestone4: {fault}")
    if not 0 < length < CONTEXT or options.steps < 1:
        sys.exit(f"milestone4: a prompt has 1 to {CONTEXT - 1} tokens, and a training at least 1 step.")
    print(f"{len(text.ids)} tokens to learn from, {len(text.held_back)} held back, {len(tokens)} different ones")
    model = GPT(len(tokens), CONTEXT, FEATURES, N_HEADS, N_BLOCKS)
    model.load_state_dict(initial_state(len(tokens), np.random.default_rng(0)))
    optimizer = AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    done = 0
    (steps,) = Recorder.settings(steps=options.steps)
    if kept := Recorder.kept():  # the page goes on with a training
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / CHECKPOINT).write_bytes(kept)
            try:
                done = load_checkpoint(Path(folder) / CHECKPOINT, model, optimizer)
            except Exception as fault:  # noqa: BLE001 (a damaged file, or one of another model)
                sys.exit(f"milestone4: what was kept of this training does not fit ({fault!r:.200}). Train again.")
    if CHECKPOINT.exists() and not options.afresh:
        try:
            done = load_checkpoint(CHECKPOINT, model, optimizer)
        except Exception as fault:  # noqa: BLE001 (a damaged file, or one of another text or another model)
            sys.exit(f"milestone4: {CHECKPOINT.resolve()} does not fit ({fault!r}). Start again with --afresh.")
        print(f"continuing after step {done}")
    saved, reached = time.monotonic(), done
    recorder = Recorder(steps, unit="bits", start=done, writes=("temperature",), prompt=beginnings[0])

    def written(beginning: str, seed: int | None, temperature: float = TEMPERATURE) -> str:
        ids = [int(i) for i in tokens.encode(beginning)]
        new = model.generate(ids, CONTEXT - len(ids), np.random.default_rng(seed), temperature=temperature)
        return tokens.decode(new).split("\n")[0]

    def wrote(prompt: str, temperature: float) -> dict[str, Any]:
        try:
            ids = tokens.encode(prompt)
        except corpus.TextError as fault:
            sys.exit(str(fault))
        if not 0 < len(ids) < CONTEXT:
            sys.exit(f"That has {len(ids)} tokens. Type 1 to {CONTEXT - 1}.")
        logits = np.asarray(model.next_logits(np.asarray(ids), None)[0].detach().numpy(), dtype=float)[-1]
        p = np.exp((logits - logits.max()) / max(temperature, 1e-6))
        likely = [(i, float(p[i] / p.sum())) for i in np.argsort(-p, kind="stable")[:LIKELY]]
        return {
            "text": written(prompt, None, temperature),
            "likely": [[tokens.decode([int(i)]), share] for i, share in likely if share > 0.005],
        }

    def tell(step: int, loss: float) -> None:
        nonlocal saved, reached
        reached = step
        if not recorder.in_page and time.monotonic() - saved >= SAVED_EVERY:
            save_checkpoint(CHECKPOINT, model, optimizer, step)
            saved = time.monotonic()
        recorder.step(
            loss / math.log(2),
            text=lambda: written(beginnings[step % len(beginnings)], step),
            keep=lambda: checkpoint(step),
            write=wrote,
        )

    if done:
        recorder.answers(write=wrote)

    def checkpoint(step: int) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            save_checkpoint(Path(folder) / CHECKPOINT, model, optimizer, step)
            return (Path(folder) / CHECKPOINT).read_bytes()

    try:
        train(model, optimizer, train_step, text.ids, text.starts, seed=0, steps=steps, start=done, tell=tell)
        if not recorder.in_page:
            save_checkpoint(CHECKPOINT, model, optimizer, reached)
    except KeyboardInterrupt:
        sys.exit(f"\nstopped after step {reached}; {CHECKPOINT} has the last state that was saved. Run again to go on.")
    n_grams = {n: corpus.n_gram_bits(text, n) for n in (2, 5)}
    bits = bits_per_token(model, text)
    print(f"bits per token of the text held back: {bits:.2f} (bigram {n_grams[2]:.2f}, 5-gram {n_grams[5]:.2f})")
    if text.unseen:
        lines = [written(corpus.beginning(story), number) for number, story in enumerate(text.unseen[:TRIED])]
        print(corpus.judged(lines))
    else:
        lines = [written(beginnings[0], number) for number in range(SHOWN)]
    wrapped = (line if recorder.in_page else f"{textwrap.fill(line, 79)}\n" for line in lines[:SHOWN])
    print("", *wrapped, sep="\n")
