"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""

import random

import numpy as np


def in_a_row(submission, times, probabilities, rng):
    """The ids from `times` calls of sample with the same generator.

    Shown as:
        [sample(probabilities, rng) for _ in range(times)]
    """
    return [submission.sample(probabilities, rng) for _ in range(times)]


def global_generators_around(submission, times, probabilities, rng):
    """The next numbers of NumPy's and Python's global generators, without calls of sample and after some.

    Shown as:
        # sample(probabilities, rng), {times} times, with probabilities = {probabilities:brief}
    """
    np.random.random(), random.random()  # in case that an earlier call has set the seed that this one sets
    numpy_state, python_state = np.random.get_state(), random.getstate()
    untouched = [np.random.random(), random.random()]
    np.random.set_state(numpy_state), random.setstate(python_state)
    for _ in range(times):
        submission.sample(probabilities, rng)
    return [untouched, [np.random.random(), random.random()]]


def after_call(submission, name, *arguments):
    """The result of a call, and its first array afterwards."""
    return [getattr(submission, name)(*arguments), arguments[0].copy()]


def at_once(submission, q, k, v):
    """The result for a whole text in one call, without the cache.

    Shown as:
        attend_with_cache(q, k, v)[0]
    """
    y, _ = submission.attend_with_cache(q, k, v)
    return y


def in_parts(submission, lengths, q, k, v):
    """The results for one text, whose tokens come in parts of these lengths.

    Shown as:
        parts, cache, start = [], None, 0
        for n in lengths:
            new = slice(start, start + n)
            y, cache = attend_with_cache(q[:, new], k[:, new], v[:, new], cache)
            parts.append(y)
            start += n
        parts
    """
    parts, cache, start = [], None, 0
    for n in lengths:
        new = slice(start, start + n)
        y, cache = submission.attend_with_cache(q[:, new], k[:, new], v[:, new], cache)
        parts.append(y)
        start += n
    return parts


def two_texts_in_turn(submission, first, second):
    """The results for two texts (q, k and v each), which take turns, token by token.

    Shown as:
        texts, caches, parts = (first, second), [None, None], ([], [])
        for token in range(first[0].shape[1]):
            for i, text in enumerate(texts):
                q, k, v = (each[:, token : token + 1] for each in text)
                y, caches[i] = attend_with_cache(q, k, v, caches[i])
                parts[i].append(y)
        parts
    """
    texts, caches, parts = (first, second), [None, None], ([], [])
    for token in range(first[0].shape[1]):
        for i, text in enumerate(texts):
            q, k, v = (each[:, token : token + 1] for each in text)
            y, caches[i] = submission.attend_with_cache(q, k, v, caches[i])
            parts[i].append(y)
    return parts


def two_continuations(submission, beginning, first, second):
    """The results of continuing one beginning (q, k and v) in two ways with its cache, and those arrays afterwards.

    Shown as:
        y, cache = attend_with_cache(*beginning)
        results = [attend_with_cache(*each, cache)[0] for each in (first, second)]
        [results, [*beginning, *first, *second]]
    """
    _, cache = submission.attend_with_cache(*beginning)
    results = [submission.attend_with_cache(*each, cache)[0] for each in (first, second)]
    return [results, [each.copy() for each in (*beginning, *first, *second)]]


def model(table, calls):
    """A small language model; its logits depend on all tokens so far, because the last row goes into the cache."""

    def step(new_ids, cache):
        calls.append([int(i) for i in new_ids])
        rows, row = [], 0.0 if cache is None else cache[0]
        for i in calls[-1]:
            row = 0.5 * row + table[i]
            rows.append(row)
        return np.array(rows), [row]

    return step


def written(submission, table, ids, n_new, rng, options):
    """The text that `write` returns with a small model, the ids in each call of step, and the list `ids` afterwards.

    Shown as:
        calls = []
        def step(new_ids, cache):
            calls.append(list(new_ids))
            rows, row = [], 0.0 if cache is None else cache[0]
            for i in new_ids:
                row = 0.5 * row + table[i]
                rows.append(row)
            return np.array(rows), [row]
        [write(step, ids, n_new, rng, **options), calls, ids]
    """
    calls, ids = [], list(ids)
    text = submission.write(model(table, calls), ids, n_new, rng, **options)
    return [text, calls, ids]


def texts(submission, times, table, ids, n_new, rng, options):
    """The texts that `write` returns when it is called several times with the same generator.

    Shown as:
        def step(new_ids, cache):
            rows, row = [], 0.0 if cache is None else cache[0]
            for i in new_ids:
                row = 0.5 * row + table[i]
                rows.append(row)
            return np.array(rows), [row]
        [write(step, list(ids), n_new, rng, **options) for _ in range(times)]
    """
    step = model(table, [])
    return [submission.write(step, list(ids), n_new, rng, **options) for _ in range(times)]
