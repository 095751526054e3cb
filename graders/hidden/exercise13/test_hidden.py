"""Compare the five functions with torch.nn.functional.embedding, its gradient, and nll_loss.

The tolerances are derived as follows.

- A row of an embedding is a copy, and a count is a whole number; both are exact. (A product with one-hot vectors adds
  only zeros.)
- Row i of the gradient is a sum of at most n numbers, where n is the number of ids, so
  |error| <= c eps n (sum of |dy| over the places of word i).
- A probability is a quotient of two numbers with the relative errors eps and V eps, so |error| <= c eps V p.
- The mean of n logarithms has an error of at most c eps n mean|log p|. exp turns it into a relative error, to which it
  adds eps (1 + mean|log p|), because its argument was rounded. So |error| <= c eps n perplexity (1 + log perplexity).
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_near, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def assert_embedded(actual, table, ids, dtype=np.float64):
    assert_close(actual, F.embedding(torch.tensor(ids), torch.tensor(table, dtype=torch.float64)), dtype=dtype)


def assert_embed_gradient(actual, dy, ids, n_words, dtype=np.float64):
    def gradient(dy):
        table = torch.zeros(n_words, dy.shape[-1], dtype=torch.float64, requires_grad=True)
        y = F.embedding(torch.tensor(ids), table)
        return torch.autograd.grad((y * torch.tensor(dy, dtype=torch.float64)).sum(), table)[0]

    assert_close(actual, gradient(dy), dtype=dtype, scale=gradient(abs(dy)), terms=ids.size)


def pairs(ids):
    """Return the words before and the words after, as two tensors of one axis."""
    ids = torch.tensor(ids)
    return ids[..., :-1].reshape(-1), ids[..., 1:].reshape(-1)


def assert_counts(actual, ids, n_words):
    """Compare counts, which may be integers or floats."""
    expected = torch.zeros(n_words, n_words, dtype=torch.int64)
    assert_near(actual, expected.index_put_(pairs(ids), torch.tensor(1), accumulate=True).numpy())


def assert_probabilities(actual, counts, smoothing):
    total = counts.sum(axis=1, keepdims=True) + smoothing * len(counts)
    assert_close(actual, (counts + smoothing) / total, terms=len(counts))


def assert_perplexity(actual, probabilities, ids):
    before, after = pairs(ids)
    loss = F.nll_loss(torch.log(torch.tensor(probabilities))[before], after).item()
    expected = float(np.exp(loss))
    assert_close(actual, expected, scale=expected * (1 + abs(loss)), terms=len(after))


def words(draw, n_words, *, axes):
    """Draw ids with one to three axes. All words occur often, or few occur, or only one does."""
    n, tokens = draw.sizes("n tokens", low=2, high=7)
    one = draw.integers(0, n_words)
    shape = ((tokens,), (n, tokens), (2, n, tokens))[axes - 1]
    if draw.case % 7 == 5:
        return np.full(shape, one)
    return draw.integers(0, n_words if draw.case % 7 else (n_words + 1) // 2, *shape)


def sizes(draw):
    """Draw n_words and features, which are different, 1 or equal, depending on the case."""
    n_words, features = draw.sizes("n_words features", low=2, high=7)
    return {2: (n_words, 1), 4: (5, 5), 6: (1, features), 9: (60, features)}.get(draw.case, (n_words, features))


def chances(draw, n_words, tiny=True):
    """Draw probabilities (n_words, n_words). Rows and columns differ. If `tiny`, in some cases every third is tiny."""
    p = draw.uniform(0.05, 1.0, n_words, n_words)
    if tiny and draw.case % 3 == 1:
        p[::3] *= 10.0 ** -draw.integers(0, 7, n_words)
    return p / p.sum(axis=1, keepdims=True)


@task("embed", title="Every word becomes its row")
@cases(21)
def test_every_word_becomes_its_row(kata, draw):
    n_words, features = sizes(draw)
    table, ids = draw.normal(n_words, features), words(draw, n_words, axes=1 + draw.case % 3)
    assert_embedded(kata.embed(table, ids), table, ids)


@task("gradient", title="The gradients of a word are added up")
@cases(24)
def test_the_gradients_of_a_word_are_added_up(kata, draw):
    n_words, features = sizes(draw)
    ids = words(draw, n_words, axes=1 + draw.case % 3)
    dy = draw.normal(*ids.shape, features, scale=(1.0, 1e4, 1e-4)[draw.case // 3 % 3])
    assert_embed_gradient(kata.embed_gradient(dy, ids, n_words), dy, ids, n_words)


@task("counts", title="Pairs of neighbours are counted")
@cases(24)
def test_pairs_of_neighbours_are_counted(kata, draw):
    n_words = {3: 1, 8: 40}.get(draw.case, draw.sizes("n_words", low=2, high=6))
    tokens = {4: 2, 11: 500}.get(draw.case, draw.sizes("length", low=2, high=30))
    ids = draw.integers(0, n_words if draw.case % 5 else (n_words + 1) // 2, tokens)
    if draw.case % 5 == 2:
        ids = np.sort(ids)  # runs of one word
    assert_counts(kata.bigram_counts(ids, n_words), ids, n_words)


@task("probabilities", title="Any counts, with any smoothing")
@cases(24)
def test_any_counts_with_any_smoothing(kata, draw):
    n_words = {3: 1, 8: 60}.get(draw.case, draw.sizes("n_words", low=2, high=7))
    counts = draw.integers(0, 12, n_words, n_words) * draw.mask(n_words, n_words, keep=0.6, dtype=np.int64)
    smoothing = (1.0, 0.0, 0.01, 0.5, 3.0)[draw.case % 5]
    if smoothing == 0:
        counts[:, draw.integers(0, n_words)] += 1
    elif draw.case % 2:
        counts[draw.integers(0, n_words)] = 0  # a word that nothing came after
    if draw.case % 4 == 3:
        counts = counts.astype(np.float64)
    given = (counts,) if smoothing == 1 and draw.case % 2 else (counts, smoothing)  # 1 is the default
    assert_probabilities(kata.bigram_probabilities(*given), counts, smoothing)


@task("perplexity", title="The perplexity of a text")
@cases(24)
def test_the_perplexity_of_a_text(kata, draw):
    n_words = {3: 1, 8: 40}.get(draw.case, draw.sizes("n_words", low=2, high=6))
    tokens = {4: 2, 9: 2, 11: 1500}.get(draw.case, draw.sizes("length", low=2, high=30))
    p, ids = chances(draw, n_words), draw.integers(0, n_words, tokens)
    assert_perplexity(kata.perplexity(p, ids), p, ids)


@task("sentences", title="Pairs stay inside their sentence")
@cases(16)
def test_pairs_stay_inside_their_sentence(kata, draw):
    n_words = draw.sizes("n_words", low=2, high=6)
    p, ids = chances(draw, n_words), words(draw, n_words, axes=2)
    if draw.case == 3:
        ids = ids[:1]
    elif draw.case == 4:
        ids = ids[:, :2]
    assert_counts(kata.bigram_counts(ids, n_words), ids, n_words)
    assert_perplexity(kata.perplexity(p, ids), p, ids)


@task("errors", title="Unknown words, empty rows and single words raise ValueError")
@cases(8)
def test_unknown_words_and_missing_numbers_raise_value_error(kata, draw):
    n_words, features = draw.sizes("n_words features", low=2)
    ids = draw.integers(0, n_words, *draw.sizes("n tokens", low=2, high=5))
    unknown = -1 - draw.integers(0, n_words) if draw.case % 2 else n_words + draw.integers(0, 2)
    ids[-1, draw.integers(0, ids.shape[1])] = unknown
    ids = ids[-1] if draw.case % 4 > 1 else ids
    p = chances(draw, n_words)
    counts = draw.integers(1, 5, n_words, n_words)
    counts[draw.integers(0, n_words)] = 0
    with kata.raises(ValueError):
        kata.embed(draw.normal(n_words, features), ids)
    with kata.raises(ValueError):
        kata.embed_gradient(draw.normal(*ids.shape, features), ids, n_words)
    with kata.raises(ValueError):
        kata.bigram_counts(ids, n_words)
    with kata.raises(ValueError):
        kata.perplexity(p, ids)
    with kata.raises(ValueError):
        kata.bigram_probabilities(counts, 0.0)
    with kata.raises(ValueError):
        kata.perplexity(p, np.zeros(1, dtype=np.int64))


@task("types", title="float32 stays float32")
@cases(6)
def test_float32_stays_float32(kata, draw):
    n_words, features = draw.sizes("n_words features", low=2)
    ids = words(draw, n_words, axes=1 + draw.case % 2)
    table, dy = draw.normal(n_words, features, dtype=np.float32), draw.normal(*ids.shape, features, dtype=np.float32)
    assert_embedded(kata.embed(table, ids), table, ids, np.float32)
    assert_embed_gradient(kata.embed_gradient(dy, ids, n_words), dy, ids, n_words, np.float32)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(8)
def test_any_memory_layout_works_and_arguments_are_left_alone(kata, draw, probes):
    n_words, features = draw.sizes("n_words features", low=2, high=5)
    table, ids = draw.normal(n_words, features), words(draw, n_words, axes=1 + draw.case // 4)
    dy, p, counts = (
        draw.normal(*ids.shape, features),
        chances(draw, n_words, False),
        draw.integers(0, 9, n_words, n_words),
    )
    layout = LAYOUTS[draw.case % 4]
    y, *after = kata.run(probes.call_with_layout, "embed", layout, table, ids)
    assert_embedded(y, table, ids)
    with about("table and ids, after embed"):
        assert_equal(after, [table, ids])
    dtable, *after = kata.run(probes.gradient_with_layout, layout, dy, ids, n_words)
    assert_embed_gradient(dtable, dy, ids, n_words)
    with about("dy and ids, after embed_gradient"):
        assert_equal(after, [dy, ids])
    found, *after = kata.run(probes.counts_with_layout, layout, ids, n_words)
    assert_counts(found, ids, n_words)
    with about("ids, after bigram_counts"):
        assert_equal(after, [ids])
    for given in (counts, counts.astype(np.float64)):
        smoothed, *after = kata.run(probes.call_with_layout, "bigram_probabilities", layout, given)
        assert_probabilities(smoothed, given, 1.0)
        with about("counts, after bigram_probabilities"):
            assert_equal(after, [given])
    value, *after = kata.run(probes.call_with_layout, "perplexity", layout, p, ids)
    assert_perplexity(value, p, ids)
    with about("probabilities and ids, after perplexity"):
        assert_equal(after, [p, ids])
