"""The training loop (supplied): it trains your language model on stories, and shows what the model writes meanwhile."""

import argparse
import math
import pickle
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import byte_pairs
import corpus
import exporting
import numpy as np
import stories
import talking
from attention import attention, split_heads
from layer_norm import layer_norm
from optimizers import warmup_cosine
from softmax_cross_entropy import cross_entropy
from talking import N_HEADS, TEMPERATURE, Next, load, save, talk, written
from transformer_block import block
from writing import next_probabilities

from graders.worker.recorder import Recorder

FEATURES, N_BLOCKS = 64, 2
CONTEXT = 53  # the model sees at most this many tokens; no story has more
BATCH = 16  # passages in a step
STEPS = 1600
LEARNING_RATE, WARMUP = 0.006, 50
N_MERGES, SAMPLE = 220, 20_000  # of your byte-pair encoding, and the characters that it learns from
SPACE = ord(" ")
TRIED, SHOWN = 100, 8  # beginnings of unseen stories, in the end
IN_PAGE = 10  # of them, whenever the learner asks for it
MODEL, PAGE = Path("model.npz"), Path("model.html")  # of the last training


def byte_pairs_of(text: str) -> corpus.Tokens:
    """Return the tokens that your byte-pair encoding finds in a text: words and pieces of words.

    So that no token reaches from one word into the next, `train` gets the words without spaces, with another unused
    character in every gap: then no pair with a gap is frequent. After that, tokens with which a word begins get a twin
    with a space before it, by one more merge each.
    """
    words = re.findall(r"[^\W\d_]+", text[:SAMPLE])
    gaps = cycle(chr(i) for i in range(1, 128) if chr(i) not in text)
    merges = list(byte_pairs.train("".join(word + next(gaps) for word in words), N_MERGES))
    merges += [(SPACE, first) for first in sorted({byte_pairs.encode(word, merges)[0] for word in words})]

    def join(ids: list[int]) -> str:
        return byte_pairs.decode(ids, merges)

    return corpus.Tokens(text, lambda piece: byte_pairs.encode(piece, merges), join)


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
    n_tokens: int, rng: np.random.Generator, *, context: int = CONTEXT, dtype: type = np.float32
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
        "tokens": normal(n_tokens, FEATURES, std=0.1),
        "positions": normal(context, FEATURES, std=0.02),
        "blocks": [block() for _ in range(N_BLOCKS)],
        "gamma": np.ones(FEATURES, dtype),
        "beta": np.zeros(FEATURES, dtype),
    }


def passages(
    ids: np.ndarray, starts: np.ndarray, n: int, context: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return n passages (n, context) that begin at some of the starts, and the tokens that follow each of theirs."""
    at = rng.choice(starts, n)[:, None] + np.arange(context)
    return ids[at], ids[at + 1]


def train(
    train_step: Callable[..., tuple[dict, Any, float]],
    ids: np.ndarray,
    starts: np.ndarray,
    n_tokens: int,
    *,
    seed: int,
    steps: int = STEPS,
    context: int = CONTEXT,
    learning_rate: float = LEARNING_RATE,
    tell: Callable[[int, float, dict, tuple], None] = lambda step, loss, params, now: None,
    begun: tuple | None = None,
) -> tuple[dict, list[float]]:
    """Train a model; return its parameters and the loss before each step. Ctrl-C ends the training early.

    After every step, `tell` gets the number of steps done, the loss before this step, the parameters, and all that is
    needed to go on later: `begun`. Without that, the model is a fresh one.
    """
    rng = np.random.default_rng(seed)
    params, state, losses, rng = begun or (initial_parameters(n_tokens, rng, context=context), None, [], rng)
    try:
        for step in range(len(losses), steps):
            lr = warmup_cosine(step, learning_rate, WARMUP, steps, learning_rate / 20)
            params, state, loss = train_step(params, state, *passages(ids, starts, BATCH, context, rng), N_HEADS, lr)
            losses.append(float(loss))
            tell(step + 1, losses[-1], params, (params, state, losses, rng))
    except KeyboardInterrupt:
        print(f"\nstopped after {len(losses)} of {steps} steps")
    return params, losses


def bits_per_token(forward: Callable[..., Any], params: dict, text: corpus.Corpus) -> float:
    """Return the mean cross-entropy, in bits, of the model's predictions for the text held back."""
    context = len(params["positions"])
    at = text.held_back_starts[:, None] + np.arange(context)
    total = 0.0
    for rows in np.array_split(at, math.ceil(len(at) / BATCH)):
        logits, _ = forward(params, text.held_back[rows], N_HEADS)
        targets = text.held_back[rows + 1].reshape(-1)
        total += float(cross_entropy(logits.reshape(-1, logits.shape[-1]), targets)) * rows.size
    return total / at.size / math.log(2)


# ------------------------------------------------------------------------------------------------- what it writes


def remembered(forward: Callable[..., Any], params: dict, text: corpus.Corpus, n: int = TRIED) -> dict[str, float]:
    """Return what the model remembers in n unseen stories: the share of persons, places, and so on."""

    def predict(ids: np.ndarray) -> np.ndarray:
        return np.asarray(forward(params, ids, N_HEADS)[0]).argmax(axis=-1)

    return corpus.remembered(predict, text.unseen[:n], text.tokens, len(params["positions"]))


SPELLS, TELLS, RECALLS = "spells every word", "tells a whole story", "remembers the {}".format  # rungs
RECALLED = ("person", "place", "thing", "animal", "colour")


class Ladder:
    """Says when the model first spells, writes whole stories, and remembers each of the things that stories repeat."""

    def __init__(self, forward: Callable[..., Any], text: corpus.Corpus):
        self.forward, self.text = forward, text
        self.words = {word for story in text.unseen for word in re.findall(r"\w+", story)}
        self.left = [SPELLS, TELLS, *map(RECALLS, RECALLED)] if text.unseen else []

    def climb(self, params: dict, line: str) -> list[str]:
        """Return which rungs the model has reached now, and had not before."""
        if not self.left:
            return []
        shares = remembered(self.forward, params, self.text, 40)
        now = {RECALLS(what) for what, share in shares.items() if share >= 0.8}
        words = re.findall(r"\w+", line)
        now |= {SPELLS} if len(words) > 10 and self.words.issuperset(words) else set()
        now |= {TELLS} if stories.is_grammatical(line) else set()
        reached = [each for each in self.left if each in now]
        self.left = [each for each in self.left if each not in now]
        return reached


# ---------------------------------------------------------------------------------------------------- the program


def talk_to_the_last(next_logits: Next, how: tuple[float, int | None, float | None]) -> None:
    """Load the model of the last training, and talk to it."""
    try:
        next_probabilities(np.zeros(2), *how)
    except ValueError as fault:
        sys.exit(f"milestone3: {fault}")
    try:
        arrays, data = load(MODEL)
        text = corpus_of(data)
        params = arranged_like(initial_parameters(len(text.tokens), np.random.default_rng(0)), arrays)
        if len(params["tokens"]) != len(text.tokens):
            raise ValueError(f"it has {len(params['tokens'])} tokens, and your byte-pair encoding now finds others")
    except (OSError, ValueError, LookupError, StopIteration) as fault:  # a TextError is a ValueError
        why = fault.strerror if isinstance(fault, OSError) else fault
        sys.exit(f"milestone3: {MODEL.resolve()} has no model that fits ({why}). Train one: katas run milestone3")
    talk(next_logits, params, text.tokens, how)


def corpus_of(data: Path | None) -> corpus.Corpus:
    """Return the corpus of a file or, without one, of the stories. Raises TextError if the file cannot be used."""
    print("finding tokens with your byte-pair encoding …", flush=True)
    return corpus.of_file(data, byte_pairs_of, CONTEXT) if data else corpus.of_stories(byte_pairs_of, CONTEXT)


def main(
    forward: Callable[..., Any],
    train_step: Callable[..., tuple[dict, Any, float]],
    next_logits: Next,
) -> None:
    """Train the model, show what it writes, try what it remembers, and draw what it has learned: training.png."""
    parser = argparse.ArgumentParser(prog="katas run milestone3 --", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=None, help="a text file of your own, in UTF-8, instead of stories")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (default: %(default)s)")
    parser.add_argument("--prompt", default=None, help="how each line that the model writes begins")
    parser.add_argument("--talk", action="store_true", help="talk to the model of the last training")
    parser.add_argument("--temperature", type=float, default=TEMPERATURE, help="of --talk (default: %(default)s)")
    parser.add_argument("--top-k", type=int, default=None, help="of --talk: only the k most likely tokens")
    parser.add_argument("--top-p", type=float, default=None, help="of --talk: only the fewest with this probability")
    options = parser.parse_args()
    if options.talk:
        talk_to_the_last(next_logits, (options.temperature, options.top_k, options.top_p))
        return
    try:
        text = corpus_of(options.data)
        beginnings = text.beginnings if options.prompt is None else [options.prompt]
        length = len(text.tokens.encode(beginnings[0]))
    except corpus.TextError as fault:
        sys.exit(f"milestone3: {fault}")
    if not 0 < length < CONTEXT:
        sys.exit(f"milestone3: --prompt: give 1 to {CONTEXT - 1} tokens; yours has {length}.")
    if options.steps < 1:
        sys.exit("milestone3: --steps: give at least 1.")
    print(f"{len(text.ids)} tokens to learn from, {len(text.held_back)} held back, {len(text.tokens)} different ones")
    print("they begin with " + "|".join(text.tokens.decode([i]) for i in text.ids[:20]) + "|…")
    learning_rate, seed, steps = Recorder.settings(learning_rate=LEARNING_RATE, seed=0, steps=options.steps)
    ladder = Ladder(forward, text)
    begun = None
    if kept := Recorder.kept():  # the page goes on with a training
        try:
            begun, ladder.left = pickle.loads(kept)
        except Exception as fault:  # noqa: BLE001 (a damaged file may raise anything)
            sys.exit(f"milestone3: what was kept of this training cannot be read ({fault!r:.200}). Train again.")
    n_grams = {n: corpus.n_gram_bits(text, n) for n in (2, 5)}
    recorder = Recorder(
        steps,
        unit="bits",
        start=len(begun[2]) if begun else 0,
        levels={"bigram": n_grams[2], "5-gram": n_grams[5]},
        test=f"Write {IN_PAGE} stories: how many remember?" if text.unseen else "",
        ladder=list(ladder.left) if not begun else (),
        writes=("temperature", "top_k", "top_p"),
        prompt=beginnings[0],
    )

    def line(params: dict, number: int) -> str:
        return written(
            next_logits, params, text.tokens, beginnings[number % len(beginnings)], np.random.default_rng(number)
        )

    def endings(params: dict, told: list[str]) -> list[str]:
        return [
            written(next_logits, params, text.tokens, corpus.beginning(story), np.random.default_rng(number))
            for number, story in enumerate(told)
        ]

    def answers(params: dict) -> dict[str, Callable]:
        """Return what answers the page's questions to the model with these parameters."""

        def tested() -> str:
            rng = np.random.default_rng()
            lines = endings(params, [text.unseen[i] for i in rng.choice(len(text.unseen), IN_PAGE, replace=False)])
            return "\n".join([corpus.judged(lines), "", *lines])

        def wrote(prompt: str, temperature: float, top_k: int | None, top_p: float | None) -> dict[str, Any]:
            how = temperature, top_k, top_p
            try:
                talking.fits(params, text.tokens, prompt)
            except ValueError as fault:
                sys.exit(str(fault))
            told = written(next_logits, params, text.tokens, prompt, np.random.default_rng(), *how)
            ids = spelt(text.tokens, told)[: len(params["positions"])]
            return {
                "text": told,
                "likely": [list(each) for each in talking.expected(next_logits, params, text.tokens, prompt, *how)],
                "tokens": [text.tokens.decode([i]) for i in ids],
                "attention": attention_of(params, ids),
            }

        return {"test": tested, "write": wrote}

    def tell(step: int, loss: float, params: dict, now: tuple) -> None:
        def said() -> str:
            story = line(params, step)
            for rung in ladder.climb(params, story):
                recorder.reached(rung)
            return story

        recorder.step(loss / math.log(2), text=said, keep=lambda: pickle.dumps((now, ladder.left)), **answers(params))

    if begun:
        recorder.answers(**answers(begun[0]))
    params, losses = train(
        train_step, text.ids, text.starts, len(text.tokens),
        seed=seed, steps=steps, learning_rate=learning_rate, tell=tell, begun=begun,
    )  # fmt: skip
    if not losses:
        return
    bits = bits_per_token(forward, params, text)
    print(f"bits per token of the text held back: {bits:.2f} (bigram {n_grams[2]:.2f}, 5-gram {n_grams[5]:.2f})")
    if text.unseen:
        known = remembered(forward, params, text)
        print(
            "remembered in unseen stories: " + ", ".join(f"{share:.0%} of the {what}s" for what, share in known.items())
        )
        lines = endings(params, text.unseen[:TRIED])
        judged = corpus.judged(lines)
        print(judged)
    else:
        lines = [line(params, number) for number in range(SHOWN)]
    wrapped = (line if recorder.in_page else f"{textwrap.fill(line, 79)}\n" for line in lines[:SHOWN])
    print("", *wrapped, sep="\n")
    page = exporting.page(params, text, bits, judged, Recorder.authors()) if text.unseen else ""
    if recorder.in_page:
        recorder.publish(page)
        return
    save(MODEL, arrays_of(params), options.data)
    if text.unseen:
        PAGE.write_text(page, encoding="utf-8")
        print(f"\n{PAGE.absolute()} is your model in one file: open it in a browser, or send it to a friend")
    print("talk to it: katas run milestone3 -- --talk")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no picture, because matplotlib is missing: pip install matplotlib")
        return
    figure = Figure(figsize=(12, 7), layout="constrained")
    draw(figure, params, losses, n_grams, bits, text.tokens, lines[0])
    figure.savefig("training.png")
    print(f"{Path('training.png').absolute()} shows the loss, the vectors of the words, and what the heads look at")


def draw(
    figure: Any,
    params: dict,
    losses: list[float],
    n_grams: dict[int, float],
    bits: float,
    tokens: corpus.Tokens,
    line: str,
) -> None:
    """Draw the loss against the n-grams', the vectors of some words, and the attention of the last block on a line."""
    parts = figure.subplot_mosaic([["loss", "attention"], ["words", "attention"]], width_ratios=(3, 4))
    left = parts["loss"]
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
    left.set(xlabel="step", ylabel="bits per token", title="Learning", ylim=(0, min(values[0], 6)))
    left.legend(fontsize=7)
    draw_words(parts["words"], params, tokens)
    draw_attention(parts["attention"], params, tokens, line)


def draw_words(axes: Any, params: dict, tokens: corpus.Tokens) -> None:
    """Draw the vectors of the words that are one token, with a space before, in the two directions of most variance."""
    kinds = {"people": list(stories.PEOPLE), "colours": stories.COLOURS, "things": stories.THINGS}
    kinds |= {"animals": stories.ANIMALS}
    named = [(color, word) for color, words in enumerate(kinds.values()) for word in words]
    single = [(color, word, ids[0]) for color, word in named if len(ids := spelt(tokens, f" {word}")) == 1]
    if len(single) < 3:
        axes.set_axis_off()  # a text of your own, with other words
        return
    table = params["tokens"][[i for _, _, i in single]]
    two = (table - table.mean(axis=0)) @ np.linalg.svd(table - table.mean(axis=0), full_matrices=False)[2][:2].T
    for (color, word, _), place in zip(single, two, strict=True):
        axes.text(*place, word, color=f"C{color}", ha="center", va="center", fontsize=8)
    for color, kind in enumerate(kinds):
        axes.plot([], [], "o", color=f"C{color}", label=kind)
    reach = abs(two).max() * 1.15
    axes.set(title="The vectors of some words, in two dimensions", xlim=(-reach, reach), ylim=(-reach, reach))
    axes.legend(fontsize=7)


def spelt(tokens: corpus.Tokens, text: str) -> list[int]:
    """Return the ids of a text, or none if it has an unknown character."""
    try:
        return [int(i) for i in tokens.encode(text)]
    except corpus.TextError:
        return []


def attention_of(params: dict, ids: list[int]) -> np.ndarray:
    """Return how much each token attends to each earlier one (blocks, heads, tokens, tokens)."""
    x = params["tokens"][ids] + params["positions"][: len(ids)]
    found = []
    for p in params["blocks"]:
        q, k, v = np.split(layer_norm(x, p["ln1_gamma"], p["ln1_beta"]) @ p["qkv_weight"].T + p["qkv_bias"], 3, axis=-1)
        found.append(attention(split_heads(q, N_HEADS), split_heads(k, N_HEADS), split_heads(v, N_HEADS))[1])
        x = block(x[None], p, N_HEADS)[0][0]
    return np.array(found)


def draw_attention(axes: Any, params: dict, tokens: corpus.Tokens, line: str) -> None:
    """Draw how much each token of a line attends to each earlier one, in the head of the last block that does most."""
    ids = spelt(tokens, line)[: len(params["positions"])]
    names = [tokens.decode([i]).strip() for i in ids]
    axes.imshow(attention_of(params, ids)[-1].max(axis=0), cmap="Blues", vmin=0)
    axes.set_xticks(range(len(names)), names, fontsize=6, rotation=90)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.set_title("What the last block looks at, one row for each token")
