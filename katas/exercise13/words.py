"""Exercise 13: words as vectors, and the simplest language model."""

import numpy as np


def embed(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the row of the table for each word.

    Arguments:
        table: shape (n_words, features); row i is the vector of word i.
        ids: the numbers of the words, integers from 0 to n_words - 1, with any shape: one text (tokens,), a batch of
            sentences (sentences, tokens), or more axes.

    Returns:
        An array of shape (*ids.shape, features). Extras: ValueError if an id is below 0, or n_words or more;
        a float32 table gives float32; the call leaves its arguments alone.

    torch.nn.functional.embedding(ids, table) computes the same array.
    Source: Bengio et al., A Neural Probabilistic Language Model, 2003, https://www.jmlr.org/papers/v3/bengio03a.html
    """
    raise NotImplementedError


def embed_gradient(dy: np.ndarray, ids: np.ndarray, n_words: int) -> np.ndarray:
    """Return the gradient of the loss with respect to the table.

    Arguments:
        dy: the gradient of the loss with respect to y = embed(table, ids), shape (*ids.shape, features).
        ids: the numbers of the words, with any shape, as in embed.
        n_words: the number of rows of the table.

    Returns:
        An array of shape (n_words, features), with a row for each word of the table, whether it occurs or not. Extras:
        ValueError if an id is below 0, or n_words or more; a float32 dy gives float32; the call leaves its arguments
        alone.

    The gradient of torch.nn.functional.embedding(ids, table) with respect to its table is the same array.
    """
    raise NotImplementedError


def bigram_counts(ids: np.ndarray, n_words: int) -> np.ndarray:
    """Count how often each word comes directly after each word, itself included.

    Arguments:
        ids: the numbers of the words: one text (tokens,), or sentences of equal length (sentences, tokens).
        n_words: how many words exist.

    Returns:
        An array of shape (n_words, n_words), of integers or floats. Entry [i, j] says how often word j comes directly
        after word i. The last word of a sentence and the first word of the next one are not a pair.
        Extras: ValueError if an id is below 0, or n_words or more; the call leaves its arguments alone.

    collections.Counter(zip(text, text[1:])) holds the same counts of one text.
    """
    raise NotImplementedError


def bigram_probabilities(counts: np.ndarray, smoothing: float = 1.0) -> np.ndarray:
    """Return the probability of each next word, after `smoothing` was added to every count.

    Arguments:
        counts: shape (n_words, n_words); [i, j] says how often word j comes after word i. Integers or floats.
        smoothing: a number that is 0 or more. If it is 0, every row must contain a count above 0.

    Returns:
        An array of shape (n_words, n_words), of floats. Row i holds the probabilities of the words after word i, and
        sums to 1. Extras: ValueError if smoothing is 0 and a row contains only zeros; the call leaves its arguments
        alone.

    Source: Jurafsky and Martin, Speech and Language Processing, chapter 3, https://web.stanford.edu/~jurafsky/slp3/
    """
    raise NotImplementedError


def perplexity(probabilities: np.ndarray, ids: np.ndarray) -> float:
    """Return exp of the mean of -log p over all pairs of neighbouring words, where p is the second word's probability.

    Arguments:
        probabilities: shape (n_words, n_words); [i, j] is the probability of word j after word i.
        ids: the numbers of the words: one text (tokens,), or sentences of equal length (sentences, tokens). At least
            two tokens.

    Returns:
        A float. The first word of a text, or of each sentence, has no word before it and isn't counted.
        Extras: ValueError if an id is below 0, or n_words or more, or if a text has one word; the call leaves its
        arguments alone.

    torch.exp(torch.nn.functional.nll_loss(torch.log(probabilities[ids[:-1]]), ids[1:])) is the same for one text.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from neighbours import main

    main(embed, embed_gradient)
