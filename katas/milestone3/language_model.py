"""Milestone 3: your own language model writes.

    katas run milestone3

trains the model on stories, shows what it writes meanwhile, and puts it into one page: model.html.
"""

import numpy as np
import training  # supplied
from attention import merge_heads, split_heads  # yours, from exercise 14
from layer_norm import layer_norm  # yours, from exercise 9
from optimizers import adamw, clip_by_norm  # yours, from exercise 11
from softmax_cross_entropy import cross_entropy, softmax  # yours, from exercise 4
from training import arranged_like, arrays_of  # supplied: all arrays of the parameters as a list, and back
from transformer_block import block, block_gradient, gelu, layer_norm_gradient  # yours, from exercise 15
from words import embed, embed_gradient  # yours, from exercise 13
from writing import attend_with_cache  # yours, from exercise 18


def forward(params: dict, ids: np.ndarray, n_heads: int) -> tuple[np.ndarray, object]:
    """Return the logits of the next token after every token, and a cache for the backward pass.

    Extra, for all functions in this file: a call leaves its arguments alone.

    Arguments:
        params: the parameters of the model:
            "tokens": one row for each token, shape (vocabulary, features).
            "positions": one row for each position, shape (context, features).
            "blocks": a list of dicts with the parameters of each block, as in exercise 15.
            "gamma", "beta": of the last layer norm, shape (features,).
        ids: the tokens' ids, int64, shape (n, tokens), with tokens ≤ context.
        n_heads: the number of heads of every block.

    Returns:
        The logits, shape (n, tokens, vocabulary): layer_norm(blocks(tokens[ids] + positions)) times the transposed
        table of tokens. And whatever your loss_and_gradients needs; only your own code reads it.

    Source: Radford et al., Language Models are Unsupervised Multitask Learners, 2019 (GPT-2)
    """
    raise NotImplementedError


def loss_and_gradients(params: dict, ids: np.ndarray, targets: np.ndarray, n_heads: int) -> tuple[float, dict]:
    """Return the mean cross-entropy over all n · tokens predictions, and its gradient with respect to every parameter.

    Arguments:
        params, ids, n_heads: as in `forward`.
        targets: the id of the token that follows each token, int64, shape (n, tokens).

    Returns:
        The loss, a float, in nats (natural logarithm). And the gradients, arranged like `params`: a dict with the same
        keys, in which "blocks" is a list of dicts. PyTorch's autograd computes the same ones.
    """
    raise NotImplementedError


def train_step(
    params: dict, state: object, ids: np.ndarray, targets: np.ndarray, n_heads: int, lr: float
) -> tuple[dict, object, float]:
    """Take one training step: clip all gradients together to a norm of at most 1, then move every array by `adamw`.

    Arguments:
        params, ids, targets, n_heads: as in `loss_and_gradients`.
        state: None before the first step, later the state that this function returned.
        lr: the learning rate. adamw's other settings keep their defaults.

    Returns:
        The new parameters, arranged like `params`; the new state, which only this function reads; and the loss before
        the step.
    """
    raise NotImplementedError


def next_logits(params: dict, ids: np.ndarray, cache: object, n_heads: int) -> tuple[np.ndarray, object]:
    """Return the logits after each new token of one text. What came before them is in the cache.

    Arguments:
        params, n_heads: as in `forward`.
        ids: the ids of the new tokens, shape (new,). Together with those in the cache, at most `context`.
        cache: None at the start of a text, later the cache that this function returned.

    Returns:
        The logits, shape (new, vocabulary), the same numbers that `forward` gives for the whole text. And the cache for
        the next call: anything you like, for example the keys and values of every block.
    """
    raise NotImplementedError


if __name__ == "__main__":
    training.main(forward, train_step, next_logits)
