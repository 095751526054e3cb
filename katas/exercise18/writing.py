"""Exercise 18: writing text with a language model."""

from collections.abc import Callable
from typing import Any

import numpy as np


def next_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Turn the logits for the next token into probabilities: first temperature, then top-k, then top-p.

    Arguments:
        logits: one number for each token of the vocabulary, shape (n_words,).
        temperature: the logits are divided by it before the softmax. 0 means that the largest logit gets
            probability 1.
        top_k: keep only the k largest, 1 <= top_k <= n_words. None keeps all.
        top_p: of the probabilities that are left (which sum to 1 again), keep the largest ones, as few as possible,
            whose sum is at least top_p, 0 < top_p <= 1. None keeps all.

    Returns:
        An array of shape (n_words,) in the order of the logits, with sum 1. What isn't kept is 0. Extras: large logits
        and low temperatures don't overflow; the call changes no argument.

    Raises:
        ValueError: if temperature < 0, top_k < 1, or top_p is not in (0, 1] (an extra).

    With temperature alone, torch.softmax(logits / temperature, dim=-1) computes the same array.
    Source: Holtzman et al., The Curious Case of Neural Text Degeneration, 2020, https://arxiv.org/abs/1904.09751
    """
    raise NotImplementedError


def sample(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a random id: i with probability probabilities[i].

    Arguments:
        probabilities: shape (n_words,), 0 or more, with sum 1.
        rng: the only source of randomness. Don't use or seed the global generators of NumPy and Python.

    Returns:
        The id, an int from 0 to n_words - 1. Two generators with the same seed give the same id; the next call with the
        same generator draws a new one.

    torch.multinomial(probabilities, 1) draws in the same way.
    """
    raise NotImplementedError


def attend_with_cache(q: np.ndarray, k: np.ndarray, v: np.ndarray, cache: Any = None) -> tuple[np.ndarray, Any]:
    """Compute causal attention for new tokens of a text, whose earlier tokens are in the cache.

    Each new token attends to all tokens in the cache, to the new tokens before it, and to itself, with the
    weights softmax(q · k / sqrt(head_features)).

    Arguments:
        q, k, v: queries, keys and values of the new tokens only, shape (heads, new, head_features), new >= 1.
        cache: None at the beginning of a text, and later whatever your last call for this text returned.

    Returns:
        y of shape (heads, new, head_features) for the new tokens, and a cache, which now includes them. The cache can
        be anything; the caller only passes it back. Extra: the call changes neither its arguments nor the old cache,
        so a text can be continued in two ways.

    However a text is cut into calls, all y together are what torch.nn.functional.scaled_dot_product_attention computes
    for the whole text with is_causal=True.
    """
    raise NotImplementedError


def write(
    step: Callable[..., tuple[np.ndarray, Any]],
    ids: list[int],
    n_new: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[int]:
    """Continue a text by n_new tokens, one at a time, each drawn with `sample` from `next_probabilities`.

    Arguments:
        step: the model. `logits, cache = step(new_ids, cache)` takes a list or an array of ids and returns logits of
            shape (len(new_ids), n_words). Row i belongs to the token that follows new_ids[i]. The cache is None at the
            beginning; pass the one that you got last.
        ids: the text so far, one id or more.
        n_new: how many tokens to add, 1 or more.
        rng: the only source of randomness.
        temperature, top_k, top_p: as in next_probabilities.

    Returns:
        The whole text, ids first and then the n_new new ids, as a list of ints. Extra: the list `ids` stays unchanged.
        Pass each token to step exactly once, in order, in as many calls as you like. The very last one may be left out.

    Raises:
        ValueError: if ids is empty (an extra).
    """
    raise NotImplementedError
