"""Check the five functions on numbers that you can verify by hand."""

import math
from itertools import pairwise

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_near, task
from graders.checks.properties import for_all, st

# the worked example: "the cat saw the cat", with a fourth word, dog, that doesn't occur
THE, CAT, SAW, DOG = range(4)
text = np.array([THE, CAT, SAW, THE, CAT])
table = np.array([[1.0, 0.0], [0.5, 2.0], [-1.0, 1.0], [3.0, 3.0]])
y = np.array([[1.0, 0.0], [0.5, 2.0], [-1.0, 1.0], [1.0, 0.0], [0.5, 2.0]])
dy = np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0], [10.0, 20.0], [-1.0, 4.0]])
dtable = np.array([[11.0, 22.0], [2.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
counts = np.array([[0, 2, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
smoothed = np.array(
    [[1 / 6, 3 / 6, 1 / 6, 1 / 6], [1 / 5, 1 / 5, 2 / 5, 1 / 5], [2 / 5, 1 / 5, 1 / 5, 1 / 5], [0.25] * 4]
)

ids_from_0_to_4 = st.lists(st.integers(0, 4), min_size=2, max_size=8)


def close(actual, expected, dtype=np.float64):
    """Compare floats, up to rounding in sums of a few numbers below 100."""
    assert_close(actual, expected, scale=100.0, terms=4, dtype=dtype)


def assert_counts(actual, expected):
    """Compare counts, which may be integers or floats."""
    assert_near(actual, expected)


def assert_perplexity(actual, expected):
    assert_close(actual, expected, scale=20 * expected, terms=5)


@task("embed")
def test_the_worked_example_of_embed(kata):
    close(kata.embed(table, text), y)
    close(kata.embed(table, np.array([DOG])), np.array([[3.0, 3.0]]))


@task("embed", title="A batch of sentences keeps its shape")
def test_embed_keeps_the_shape_of_a_batch(kata):
    ids = np.array([[THE, CAT, SAW], [DOG, DOG, THE]])
    expected = table[[THE, CAT, SAW, DOG, DOG, THE]]
    close(kata.embed(table, ids), expected.reshape(2, 3, 2))
    close(kata.embed(table, ids.reshape(1, 3, 2)), expected.reshape(1, 3, 2, 2))


@task("gradient")
def test_the_worked_example_of_the_gradient(kata):
    close(kata.embed_gradient(dy, text, 4), dtable)


@task("gradient", title="A word that occurs four times, and words that never occur")
def test_the_gradient_of_a_word_that_occurs_four_times(kata):
    ids, g = np.array([2, 2, 2, 2]), np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [0.5, 0.5, 0.5], [-1.0, 0.0, 1.0]])
    zeros = [0.0, 0.0, 0.0]
    close(kata.embed_gradient(g, ids, 6), np.array([zeros, zeros, [10.5, 22.5, 34.5], zeros, zeros, zeros]))
    close(kata.embed_gradient(g[:1], ids[:1], 3), np.array([zeros, zeros, [1.0, 2.0, 3.0]]))


@task("gradient", title="The gradient of a batch of sentences")
def test_the_gradient_of_a_batch_of_sentences(kata):
    # word 1 occurs twice in the first sentence and once in the second
    ids = np.array([[1, 1, 0], [3, 1, 3]])
    g = np.array([[[1.0, 0.0], [2.0, 5.0], [3.0, 3.0]], [[1.0, 1.0], [100.0, 0.0], [2.0, -1.0]]])
    expected = np.array([[3.0, 3.0], [103.0, 5.0], [0.0, 0.0], [3.0, 0.0]])
    close(kata.embed_gradient(g, ids, 4), expected)
    close(kata.embed_gradient(g.reshape(1, 3, 2, 2), ids.reshape(1, 3, 2), 4), expected)


@task("counts")
def test_the_worked_example_of_the_counts(kata):
    assert_counts(kata.bigram_counts(text, 4), counts)


@task("counts", title="A repeated word follows itself, and pairs overlap")
def test_a_repeated_word_follows_itself(kata):
    assert_counts(kata.bigram_counts(np.array([1, 1, 1, 0]), 3), [[0, 0, 0], [1, 2, 0], [0, 0, 0]])
    assert_counts(kata.bigram_counts(np.array([2, 0]), 3), [[0, 0, 0], [0, 0, 0], [1, 0, 0]])


@task("counts", title="A text of n words has n - 1 pairs")
def test_a_text_of_n_words_has_one_pair_less(kata, draw):
    @for_all(draw, words=ids_from_0_to_4)
    def holds(words):
        expected = np.zeros((5, 5))
        for before, after in pairwise(words):
            expected[before, after] += 1
        assert_counts(kata.bigram_counts(np.array(words), 5), expected)


@task("probabilities")
def test_the_worked_example_of_the_probabilities(kata):
    close(kata.bigram_probabilities(counts), smoothed)
    close(kata.bigram_probabilities(counts.astype(np.float64), 1.0), smoothed)  # counts may be floats, too


@task("probabilities", title="smoothing may be any number from 0")
def test_smoothing_may_be_any_number_from_0(kata):
    found = np.array([[3, 1, 0], [0, 2, 0], [1, 1, 2]])
    close(kata.bigram_probabilities(found, 0.0), np.array([[0.75, 0.25, 0], [0, 1, 0], [0.25, 0.25, 0.5]]))
    half = np.array([[3.5, 1.5, 0.5], [0.5, 2.5, 0.5], [1.5, 1.5, 2.5]]) / np.array([[5.5], [3.5], [5.5]])
    close(kata.bigram_probabilities(found, 0.5), half)
    close(kata.bigram_probabilities(found, 2.0), np.array([[0.5, 0.3, 0.2], [2 / 8, 4 / 8, 2 / 8], [0.3, 0.3, 0.4]]))


@task("perplexity")
def test_the_worked_example_of_the_perplexity(kata):
    assert_perplexity(kata.perplexity(smoothed, np.array([THE, CAT, SAW])), math.sqrt(5))
    assert_perplexity(kata.perplexity(smoothed, np.array([THE, DOG, SAW])), math.sqrt(24))
    # probabilities 1/2, 2/5, 2/5 and 1/2: a pair that occurs twice counts twice
    assert_perplexity(kata.perplexity(smoothed, text), math.sqrt(5))


@task("perplexity", title="A guess among n words has perplexity n")
def test_a_guess_among_n_words_has_perplexity_n(kata):
    for n in (1, 2, 5):
        assert_perplexity(kata.perplexity(np.full((n, n), 1 / n), np.arange(7) % n), float(n))


@task("perplexity", title="Rows are the word before, columns the word after")
def test_rows_are_the_word_before(kata):
    certain = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert_perplexity(kata.perplexity(certain, np.array([1, 0])), 1.0)
    assert_perplexity(kata.perplexity(certain, np.array([0, 1, 0, 0])), 2 ** (2 / 3))
    for share in (1e-6, 1e-12):
        rare = np.array([[share, 1 - share], [0.5, 0.5]])
        assert_perplexity(kata.perplexity(rare, np.array([0, 0])), 1 / share)


@task("perplexity", title="A text of 2001 words")
def test_a_text_of_2001_words(kata):
    coin = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.125, 0.375, 0.5]])
    words = np.append(np.tile([0, 1], 1000), 0)  # 2000 pairs of probability 1/4
    assert_close(kata.perplexity(coin, words), 4.0, scale=10.0, terms=2000)


@task("sentences", title="Two sentences of equal length")
def test_pairs_stay_inside_their_sentence(kata):
    sentences = np.array([[THE, CAT, SAW], [THE, DOG, SAW]])
    expected = [[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    assert_counts(kata.bigram_counts(sentences, 4), expected)
    assert_counts(kata.bigram_counts(np.array([[1, 1], [0, 1], [1, 1]]), 2), [[0, 1], [0, 2]])
    # probabilities 1/2, 2/5, 1/6 and 1/4
    assert_perplexity(kata.perplexity(smoothed, sentences), 120 ** (1 / 4))
    assert_perplexity(kata.perplexity(smoothed, sentences[:1]), math.sqrt(5))


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("errors", title="A word that isn't in the table raises ValueError")
def test_unknown_words_raise_value_error(kata):
    kata.embed(table, np.array([0, 3]))
    for ids in (np.array([0, 4]), np.array([1, -1, 2])):
        with kata.raises(ValueError):
            kata.embed(table, ids)
        with kata.raises(ValueError):
            kata.embed_gradient(dy[: len(ids)], ids, 4)
        with kata.raises(ValueError):
            kata.bigram_counts(ids, 4)
        with kata.raises(ValueError):
            kata.perplexity(smoothed, ids)


@task("errors", title="Nothing to divide by raises ValueError")
def test_nothing_to_divide_by_raises_value_error(kata):
    with kata.raises(ValueError):
        kata.bigram_probabilities(counts, 0.0)  # nothing ever came after "dog"
    with kata.raises(ValueError):
        kata.perplexity(smoothed, np.array([THE]))


@task("types")
def test_float32_stays_float32(kata):
    close(kata.embed(table.astype(np.float32), text), y, np.float32)
    close(kata.embed_gradient(dy.astype(np.float32), text, 4), dtable, np.float32)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
def test_arguments_of_any_memory_layout_are_left_alone(kata, probes):
    ids, g = np.array([[0, 1, 0], [2, 1, 1]]), np.arange(12.0).reshape(2, 3, 2)
    for layout in ("contiguous", "fortran", "strided", "backwards"):
        with about(f"{layout} arrays"):
            rows, *after_embed = kata.run(probes.call_with_layout, "embed", layout, table, ids)
            close(rows, table[ids.ravel()].reshape(2, 3, 2))
            gradient, *after_gradient = kata.run(probes.gradient_with_layout, layout, g, ids, 4)
            close(gradient, np.array([[4.0, 6.0], [20.0, 23.0], [6.0, 7.0], [0.0, 0.0]]))
            found, *after_counts = kata.run(probes.counts_with_layout, layout, ids, 4)
            assert_counts(found, [[0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
            floats = counts.astype(np.float64)
            p, *after_probabilities = kata.run(probes.call_with_layout, "bigram_probabilities", layout, floats)
            close(p, smoothed)
            value, *after_perplexity = kata.run(probes.call_with_layout, "perplexity", layout, smoothed, ids)
            assert_perplexity(value, 250 ** (1 / 4))  # probabilities 1/2, 1/5, 1/5 and 1/5
        for function, after, before in (
            ("embed", after_embed, (table, ids)),
            ("embed_gradient", after_gradient, (g, ids)),
            ("bigram_counts", after_counts, (ids,)),
            ("bigram_probabilities", after_probabilities, (floats,)),
            ("perplexity", after_perplexity, (smoothed, ids)),
        ):
            with about(f"the arguments of {function}, after the call"):
                assert_equal(after, list(before))
