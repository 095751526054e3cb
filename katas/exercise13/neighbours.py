"""Words that lie near each other in a table that your functions train (supplied)."""

import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

N_WORDS, FEATURES, REACH = 300, 16, 2
STEPS, PAIRS, LEARNING_RATE = 2000, 512, 0.2
SHOWN, NEAREST, FEWEST = 500, 5, 500
ASKED = ("first", "two", "is", "can", "you", "the", "every", "larger", "function", "loss", "exercise", "and")
MARKUP = re.compile(
    r"\$\$.*?\$\$|\$[^$\n]*\$|`[^`]*`|<[^>]*>|\]\([^)]*\)|^(?:    |\||#|!)[^\n]*$", re.DOTALL | re.MULTILINE
)
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def main(embed: Callable, embed_gradient: Callable) -> None:
    """Train a table of words on the READMEs beside this folder, or on a text file, and print each word's neighbours."""
    text, place = read(sys.argv[1:])
    words = WORD.findall(text.lower())
    common = [word for word, _ in Counter(words).most_common(N_WORDS)]
    if len(words) < FEWEST:
        sys.exit(f"{place}: {len(words)} words are too few; give a text of at least {FEWEST}.")
    number = {word: each for each, word in enumerate(common)}
    ids = np.array([number.get(word, -1) for word in words])
    print(f"{len(words)} words from {place}; the {len(common)} most common get {FEATURES} numbers each.")
    print(
        f"From a word's numbers, the network has to tell which words stand up to {REACH} places before and after it.\n"
    )
    table = Table(embed, embed_gradient, len(common))
    places = [pairs(ids, distance) for distance in (*range(-REACH, 0), *range(1, REACH + 1))]
    losses = []
    for step in range(1, STEPS + 1):
        losses.append(table.step(places, step))
        if step % SHOWN == 0:
            print(f"step {step:4}   loss {np.mean(losses[-SHOWN:]):.3f}", flush=True)
    print("\nThe words whose numbers point in the most similar direction:\n")
    directions = table.rows - table.rows.mean(axis=0)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for word in [word for word in ASKED if word in number] or common[: len(ASKED)]:
        nearest = np.argsort(-directions @ directions[number[word]])[1 : NEAREST + 1]
        print(f"  {word:10} {', '.join(common[each] for each in nearest)}")


def read(arguments: list[str]) -> tuple[str, str]:
    """Return a text, and what it is: the file that the command line names, or the READMEs of all katas."""
    if arguments:
        return Path(arguments[0]).read_text(encoding="utf-8"), arguments[0]
    files = sorted(Path(__file__).resolve().parent.parent.glob("*/README.md"))
    return "\n".join(MARKUP.sub(" ", file.read_text(encoding="utf-8")) for file in files), f"{len(files)} READMEs"


def pairs(ids: np.ndarray, distance: int) -> np.ndarray:
    """Return the pairs of common words at this distance, shape (n, 2): a word and what stands after (or before) it."""
    first, second = ids[: -abs(distance)], ids[abs(distance) :]
    found = np.stack((first, second) if distance > 0 else (second, first), axis=1)
    return found[(found >= 0).all(axis=1)]


class Table:
    """A row of features for each word, and for each place beside it a layer that predicts the word there."""

    def __init__(self, embed: Callable, embed_gradient: Callable, n_words: int) -> None:
        self.embed, self.embed_gradient, self.rng = embed, embed_gradient, np.random.default_rng(0)
        self.rows = self.rng.normal(scale=0.1, size=(n_words, FEATURES))
        self.layers = self.rng.normal(scale=0.1, size=(2 * REACH, FEATURES, n_words))
        self.biases = np.zeros((2 * REACH, n_words))
        self.squares = [np.full_like(each, 1e-6) for each in (self.rows, self.layers, self.biases)]

    def step(self, places: list[np.ndarray], step: int) -> float:
        """Learn to predict one of the places from some words, and return the mean loss before it."""
        place, rows = step % len(places), np.arange(PAIRS)
        given, wanted = self.rng.choice(places[place], PAIRS).T
        x = self.embed(self.rows, given)
        logits = x @ self.layers[place] + self.biases[place]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        loss = -np.log(probabilities[rows, wanted]).mean()
        probabilities[rows, wanted] -= 1
        dlogits = probabilities / PAIRS
        drows = self.embed_gradient(dlogits @ self.layers[place].T, given, len(self.rows))
        learned = ((self.rows, drows), (self.layers[place], x.T @ dlogits), (self.biases[place], dlogits.sum(axis=0)))
        squares = (self.squares[0], self.squares[1][place], self.squares[2][place])
        for (weights, gradient), square in zip(learned, squares, strict=True):
            square += gradient**2  # Adagrad: rare words take larger steps
            weights -= LEARNING_RATE * gradient / np.sqrt(square)
        return float(loss)
