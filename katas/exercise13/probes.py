"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""

from graders.worker.layouts import LAYOUTS


def gradient_with_layout(submission, layout, dy, ids, n_words):
    """The gradient for arrays with this memory layout, and then both arrays as they are after the call."""
    dy, ids = LAYOUTS[layout](dy), LAYOUTS[layout](ids)
    return [submission.embed_gradient(dy, ids, n_words), dy.copy(), ids.copy()]


def counts_with_layout(submission, layout, ids, n_words):
    """The counts for ids with this memory layout, and then the ids as they are after the call."""
    ids = LAYOUTS[layout](ids)
    return [submission.bigram_counts(ids, n_words), ids.copy()]
