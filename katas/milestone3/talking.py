"""Talk to your model (supplied): it goes on with what you type, and shows what it expects next."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import corpus
import numpy as np
from writing import next_probabilities, write

N_HEADS = 4
TEMPERATURE = 0.5
LIKELY = 5  # tokens that are shown
Next = Callable[..., Any]  # next_logits


def written(
    next_logits: Next,
    params: dict,
    tokens: corpus.Tokens,
    prompt: str,
    rng: np.random.Generator,
    temperature: float = TEMPERATURE,
    top_k: int | None = None,
    top_p: float | None = None,
) -> str:
    """Return the line that the model writes after its beginning, if its positions last so long."""
    ids = [int(i) for i in tokens.encode(prompt)]

    def step(new: Any, cache: Any) -> Any:
        return next_logits(params, np.asarray(new), cache, N_HEADS)

    n_new = max(0, len(params["positions"]) - len(ids))
    return tokens.decode(write(step, ids, n_new, rng, temperature, top_k, top_p)).split("\n")[0]


def expected(next_logits: Next, params: dict, tokens: corpus.Tokens, prompt: str, *how: Any) -> list[tuple[str, float]]:
    """Return the tokens that are most likely to follow, with their probabilities. `how` is as for `talk`."""
    logits, _ = next_logits(params, np.asarray(tokens.encode(prompt)), None, N_HEADS)
    p = next_probabilities(np.asarray(logits[-1], dtype=float), *how)
    return [(tokens.decode([int(i)]), float(p[i])) for i in np.argsort(-p, kind="stable")[:LIKELY] if p[i] > 0.005]


def fits(params: dict, tokens: corpus.Tokens, prompt: str) -> None:
    """Raise ValueError if a prompt has no tokens, unknown ones (TextError), or more than the model has positions."""
    length, longest = len(tokens.encode(prompt)), len(params["positions"]) - 1
    if not 0 < length <= longest:
        raise ValueError(f"That has {length} tokens. Type 1 to {longest}.")


def talk(next_logits: Next, params: dict, tokens: corpus.Tokens, how: tuple[float, int | None, float | None]) -> None:
    """Read beginnings from the keyboard, and go on with each, until an empty line or the end of the input.

    `how` are the temperature, top_k and top_p of exercise 18.
    """
    print('Type how a story begins, for example "Mia wants a drum. She asks Tom", or nothing to end.')
    rng = np.random.default_rng()
    while prompt := _line():
        try:
            fits(params, tokens, prompt)
            for token, p in expected(next_logits, params, tokens, prompt, *how):
                print(f"    {token!r:12} {'█' * round(40 * p) or '▏'} {p:.0%}")
            print(textwrap.fill(written(next_logits, params, tokens, prompt, rng, *how), 79))
        except ValueError as fault:  # a TextError, or one of your next_probabilities
            print(fault)


def _line() -> str:
    try:
        return input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        print()
        return ""


def save(path: Path, arrays: list[np.ndarray], data: Path | None) -> None:
    """Keep a model: its arrays, and the file that it has learned from, if that isn't the stories."""
    np.savez(path, *arrays, data=str(data.resolve()) if data else "")


def load(path: Path) -> tuple[list[np.ndarray], Path | None]:
    """Return what was saved. Raises OSError for a file that cannot be read, and ValueError for another format."""
    with np.load(path) as kept:
        data = str(kept["data"])
        return [kept[f"arr_{i}"] for i in range(len(kept.files) - 1)], Path(data) if data else None
