"""Milestone 4: the same model, on your own framework.

    katas run milestone4

trains it, shows what it writes meanwhile, and saves a checkpoint now and then, from which the next run continues.
"""

import numpy as np
import training  # supplied
from your_framework import Module  # yours, from meta; import what else you need


class GPT(Module):
    """A decoder-only language model with learned positions and a head that is tied to the table of tokens.

    Arguments:
        vocabulary, context: the number of different tokens, and the longest text, in tokens.
        features, n_heads, n_blocks: the width of the model, its heads in each block, and its blocks.

    Its state_dict has exactly the names and shapes that the README lists.
    """

    def __init__(self, vocabulary: int, context: int, features: int, n_heads: int, n_blocks: int):
        raise NotImplementedError

    def forward(self, ids):
        """Return the logits (n, tokens, vocabulary) of the next token after each of the ids, int64 (n, tokens)."""
        raise NotImplementedError

    def next_logits(self, ids, cache):
        """Return the logits after each new token of one text, and the cache for the next call.

        Arguments:
            ids: the new tokens, int64, shape (new,). Together with those in the cache, at most `context`.
            cache: None at the start of a text, later the cache that this method returned. It is passed on once, so
                you may change it.

        Returns:
            The logits, shape (new, vocabulary), the same numbers that `forward` gives for the whole text; nothing is
            recorded for a backward pass. And the cache, with the keys and values of every block.
        """
        raise NotImplementedError

    def generate(self, ids: list[int], n_new: int, rng: np.random.Generator, temperature: float = 1.0) -> list[int]:
        """Return the ids of a prompt and of n_new tokens that the model writes after it, one at a time.

        Arguments:
            ids: the prompt, at least one id. Together with n_new, at most `context`.
            rng: decides what is drawn; the same state of the generator writes the same text.
            temperature: divides the logits before the softmax. With 0, the most probable token always follows.
        """
        raise NotImplementedError


def clip_grad_norm_(parameters, max_norm: float) -> float:
    """Scale all gradients by one factor, so that their norm together is at most max_norm; each `.grad` then has it.

    Return the norm before that: the root of the sum of the squares of all gradients' elements, a float. Parameters
    without a gradient don't count.
    """
    raise NotImplementedError


def train_step(model, optimizer, ids: np.ndarray, targets: np.ndarray, lr: float) -> float:
    """Take one step with the learning rate lr, after clipping the gradients to a norm of 1; return the loss before it.

    The loss is the mean cross-entropy of all predictions, for ids and targets of shape (n, tokens).
    """
    raise NotImplementedError


def save_checkpoint(path, model, optimizer, step: int) -> None:
    """Write everything that a training needs to continue: the model's and the optimiser's state, and the step.

    One file, of exactly this name. (`np.savez` and others add a suffix to a name, but not to an open file.)
    """
    raise NotImplementedError


def load_checkpoint(path, model, optimizer) -> int:
    """Continue from a checkpoint: load the states into the model and the optimiser, and return the step."""
    raise NotImplementedError


if __name__ == "__main__":
    training.main(GPT, train_step, save_checkpoint, load_checkpoint)
