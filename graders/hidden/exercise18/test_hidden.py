"""Compare next_probabilities and attend_with_cache with PyTorch, test sampled ids, and follow the calls of write.

The tolerance for next_probabilities, with n logits, temperature T and m = max |logits|, is derived as follows. A
quotient logit / T has a rounding error of eps m / T, which changes exp(logit / T) by that factor. A maximum or a
logarithm of the sum that is subtracted first is at most m / T + log n. If the temperature is applied as the power
p**(1 / T), the relative error of p is divided by T as well. The sum and the products add n eps. Together,
|error| <= c eps n p (1 + (1 + 2 m + log n) / T).

The tolerance for attention: with d features, a score has an error of at most d eps s, where s is the largest
sum of |q| |k| / sqrt(d). Each weight then has a relative error of 2 d eps s, and of t eps from a softmax over t tokens.
The weighted mean adds t eps. Together, |error| <= c eps (d + t) (weights · |v|) (1 + s).

Each test of random ids rejects correct ids with a probability below 1e-7, which is divided among its checks. The tests
assume nothing about how the generator is used.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import (
    Mismatch,
    about,
    assert_bernoulli,
    assert_close,
    assert_equal,
    assert_independent,
    assert_parts,
    cases,
    generator,
    task,
)
from graders.checks.mismatch import fail

ALARM = 1e-7
IMPOSSIBLE = ((-1e-9, None, None), (-2.0, 1, 0.5), (1.0, 0, None), (1.0, -3, None), (1.0, None, 0.0))
IMPOSSIBLE += ((1.0, None, -0.5), (1.0, None, 1 + 1e-9), (1.0, 2, 7.0))


def probabilities_of(logits, temperature=1.0, top_k=None, top_p=None):
    """Return the expected probabilities in float64."""
    x = torch.tensor(logits, dtype=torch.float64)
    if temperature == 0:
        return F.one_hot(x.argmax(), len(x)).double().numpy()
    if top_k is not None:
        x = x.masked_fill(x < x.topk(top_k).values[-1], -torch.inf)
    p = torch.softmax(x / temperature, dim=-1)
    if top_p is not None:
        values, ids = p.sort(descending=True)
        needed = values.cumsum(0) - values < top_p  # the sum of the larger ones
        p = torch.zeros_like(p).scatter(0, ids[needed], values[needed])
        p = p / p.sum()
    return p.numpy()


def assert_probabilities(actual, logits, temperature=1.0, top_k=None, top_p=None):
    expected, n = probabilities_of(logits, temperature, top_k, top_p), len(logits)
    if isinstance(actual, np.ndarray) and actual.dtype.kind in "biu":  # only values matter: 1 is as right as 1.0
        actual = actual.astype(np.float64)
    condition = 1 + (1 + 2 * abs(logits).max() + math.log(n)) / temperature if temperature else 1.0
    assert_close(actual, expected, scale=expected * condition, terms=n)


def threshold(draw, logits, temperature=1.0, top_k=None):
    """Return a top_p halfway between two sums of the largest probabilities, so that rounding doesn't decide."""
    largest = -np.sort(-probabilities_of(logits, temperature, top_k))
    ranks = np.flatnonzero(largest > 1e-3)
    rank = ranks[int(draw.uniform(0, 0.999) * len(ranks))]
    return float(largest[:rank].sum() + largest[rank] / 2)


def logits_of(draw):
    """Draw logits, in most cases few, and 1000 in case 5."""
    n, many = draw.sizes("n", low=2, high=12), draw.sizes("many", low=900, high=1000)
    return draw.normal(many if draw.case == 5 else n, scale=(2.0, 1.0, 3.0)[draw.case % 3]) + draw.normal()


def ids_of(answer, count):
    """Return ids as an array. Ints of any type are right, in a list, a tuple or an array."""
    try:
        found = np.asarray(answer)
    except ValueError:  # items of different lengths
        found = np.empty(0)
    if found.dtype.kind not in "iu" or found.shape != (count,):
        raise Mismatch(f"expected {count} ids, each an int", None, answer)
    return found


def assert_ids(actual, expected):
    found = ids_of(actual, len(expected))
    if not np.array_equal(found, expected):
        first = int(np.argmax(found != np.asarray(expected)))
        fail(f"wrong id at [{first}]: expected {expected[first]}, got {found[first]}", list(expected), actual)


def attention(q, k, v):
    """Return the expected result for a whole text, and the scale of its rounding errors."""
    q, k, v = (torch.tensor(each, dtype=torch.float64) for each in (q, k, v))
    size = (abs(q) @ abs(k).mT).amax() / math.sqrt(q.shape[-1])
    y, scale = (F.scaled_dot_product_attention(q, k, each, is_causal=True) for each in (v, abs(v)))
    return y.numpy(), (scale * (1 + size)).numpy()


def assert_attention(parts, lengths, q, k, v):
    """Compare the results for the parts of a text with those for the whole text."""
    expected, scale = attention(q, k, v)
    end = 0
    for part, n in zip(parts, lengths, strict=True):
        new, end = slice(end, end + n), end + n
        with about(f"tokens {new.start} to {end - 1} of the text"):
            assert_close(part, expected[:, new], scale=scale[:, new], terms=k.shape[1] + k.shape[2])


def text_for(draw):
    """Draw q, k and v of a whole text."""
    heads, tokens, features = draw.sizes("heads tokens features", low=1, high=7)
    return [draw.normal(heads, tokens, features, scale=(1.0, 2.0)[draw.case % 2]) for _ in "qkv"]


def logits_after(table, ids):
    """Return the logits of the probes' model after these ids."""
    row = np.zeros(len(table))
    for i in ids:
        row = 0.5 * row + table[i]
    return row


def greedy_text(table, ids, n_new):
    text = list(ids)
    for _ in range(n_new):
        text.append(int(logits_after(table, text).argmax()))
    return text


def model_for(draw):
    """Draw the table of a model, and a prompt."""
    n_words, n_ids = draw.sizes("n_words n_ids", low=2, high=9)
    return draw.normal(n_words, n_words, scale=2.0), draw.integers(0, n_words, n_ids).tolist()


def assert_written(answer, expected):
    """Check the text, and that step got each of its ids once. The last one may be left out."""
    text, calls, _ = assert_parts(answer, "text", "calls", "ids")
    with about("the text"):
        assert_ids(text, expected)
    passed = [i for call in calls for i in call]
    if passed not in (expected, expected[:-1]):
        fail(f"the calls of step got {calls}: pass each id of {expected} once and in order", "each id once", calls)


def assert_shares(kata, draw, probes, table, ids, options):
    """Check the first two new tokens of 300 texts, with a false alarm below ALARM / 3 for up to 9 pairs and 2 lags."""
    answers = kata.run(probes.texts, 300, table, ids, 2, generator(draw.seed()), options)
    new = np.array([ids_of(answer, len(ids) + 2)[len(ids) :] for answer in answers])
    first = probabilities_of(logits_after(table, ids), **options)
    for i, p in enumerate(first):
        second = probabilities_of(logits_after(table, [*ids, i]), **options)
        for j, share in enumerate(p * second):
            with about(f"1 for every text that goes on with {i}, {j}, else 0"):
                assert_bernoulli((new == [i, j]).all(axis=1), share, ALARM / 3 / 10)
    with about("1 for every text whose first new id is 0, else 0"):
        assert_independent(new[:, 0] == 0, first[0], ALARM / 3 / 10)


@task("temperature", title="The softmax of the logits divided by the temperature")
@cases(21)
def test_the_softmax_of_the_logits_divided_by_the_temperature(kata, draw):
    logits, temperature = logits_of(draw), (1.0, draw.uniform(0.1, 1), draw.uniform(1, 5), 0.0, 2)[draw.case % 5]
    given = () if temperature == 1 and draw.case % 2 else (temperature,)  # 1 is the default
    assert_probabilities(kata.next_probabilities(logits, *given), logits, temperature)


@task("top_k")
@cases(16)
def test_the_k_largest_are_kept(kata, draw):
    logits = logits_of(draw)
    top_k = (1, len(logits), draw.integers(1, len(logits)), draw.integers(1, len(logits)))[draw.case % 4]
    assert_probabilities(kata.next_probabilities(logits, 1.0, top_k), logits, 1.0, top_k)


@task("top_p")
@cases(20)
def test_the_largest_are_kept_until_they_reach_p(kata, draw):
    logits = logits_of(draw)
    top_p = threshold(draw, logits)
    assert_probabilities(kata.next_probabilities(logits, 1.0, None, top_p), logits, 1.0, None, top_p)


@task("together", title="Temperature first, then top-k, then top-p")
@cases(20)
def test_temperature_comes_first_then_top_k_then_top_p(kata, draw):
    logits, temperature = logits_of(draw), draw.uniform(0.3, 3)
    top_k = (draw.integers(1, len(logits)), None, len(logits))[draw.case % 3]
    top_p = threshold(draw, logits, temperature, top_k)
    given = (0.0 if draw.case == 4 else temperature, top_k, None if draw.case % 6 == 3 else top_p)
    assert_probabilities(kata.next_probabilities(logits, *given), logits, *given)


@task("sample", title="Ids have the given probabilities")
@cases(4)
def test_ids_have_the_given_probabilities(kata, draw, probes):
    """Correct ids fail with a probability below ALARM, divided among 4 cases with at most 6 checks of 2 kinds."""
    n, times = draw.sizes("n", low=4 if draw.case == 2 else 2, high=6), 600
    probabilities = draw.uniform(0.02, 1, n) ** (1, 2, 0.2, 1)[draw.case]
    if draw.case == 3:
        probabilities[draw.integers(0, n)] = 0.0
    probabilities /= probabilities.sum()
    ids = ids_of(kata.run(probes.in_a_row, times, probabilities, generator(draw.seed())), times)
    if ids.min() < 0 or ids.max() >= n:
        fail(f"expected ids from 0 to {n - 1}", list(range(n)), ids)
    for i, probability in enumerate(probabilities):
        with about(f"1 where the id is {i}, else 0"):
            assert_bernoulli(ids == i, probability, ALARM / 4 / 12)
            assert_independent(ids == i, probability, ALARM / 4 / 12)


@task("generator", title="All randomness comes from rng")
@cases(3)
def test_all_randomness_comes_from_the_generator_passed_in(kata, draw, probes):
    """Correct ids fail with a probability below 1e-40, because two samples of 100 ids are equal by chance so rarely."""
    n, seed = draw.sizes("n", low=4, high=9), draw.seed()
    probabilities = np.full(n, 1 / n)
    first, again, other = (
        ids_of(kata.run(probes.in_a_row, 100, probabilities, generator(each)), 100) for each in (seed, seed, seed + 1)
    )
    with about("the ids from a second generator with the same seed"):
        assert_ids(again, first.tolist())
    if np.array_equal(other, first):
        fail("two generators with different seeds gave the same 100 ids", "other ids", other)
    before, after = kata.run(probes.global_generators_around, 3, probabilities, generator(seed))
    with about("the next numbers of np.random.random() and random.random() after sample"):
        assert_equal(after, before)


@task("cache", title="A text in parts gives what the whole text gives")
@cases(24)
def test_a_text_in_parts_gives_what_the_whole_text_gives(kata, draw, probes):
    q, k, v = text_for(draw)
    tokens = q.shape[1]
    cuts = draw.mask(max(tokens - 1, 1), keep=(0.5, 1.0, 0.3, 0.0)[draw.case % 4])[: tokens - 1]
    lengths = np.diff([0, *(np.flatnonzero(cuts) + 1), tokens]).tolist()
    assert_attention(kata.run(probes.in_parts, lengths, q, k, v), lengths, q, k, v)


@task("cache", title="Each text has its own cache")
@cases(4)
def test_each_text_has_its_own_cache(kata, draw, probes):
    first = text_for(draw)
    second = [draw.normal(*first[0].shape) for _ in "qkv"]
    answers = assert_parts(kata.run(probes.two_texts_in_turn, first, second), "the first text", "the second text")
    for name, answer, text in zip(("first", "second"), answers, (first, second), strict=True):
        with about(f"the {name} of two texts that take turns"):
            assert_attention(answer, [1] * first[0].shape[1], *text)


@task("write", title="Each token is passed to step once, and the most probable one follows")
@cases(20)
def test_each_token_is_passed_to_step_once(kata, draw, probes):
    table, ids = model_for(draw)
    n_new = 1 if draw.case % 5 == 1 else draw.integers(1, 10)
    answer = kata.run(probes.written, table, ids, n_new, generator(draw.seed()), {"temperature": 0.0})
    assert_written(answer, greedy_text(table, ids, n_new))


@task("write", title="New tokens are drawn with the probabilities that follow from the whole text")
@cases(2)
def test_new_tokens_are_drawn_at_random(kata, draw, probes):
    table, ids = draw.normal(3, 3), draw.integers(0, 3, draw.sizes("n_ids", low=1, high=4)).tolist()
    assert_shares(kata, draw, probes, table, ids, {})
    table, seed = np.zeros((9, 9)), draw.seed()
    first, again, other = (
        ids_of(kata.run(probes.texts, 1, table, [0], 60, generator(each), {})[0], 61) for each in (seed, seed, seed + 1)
    )
    with about("the text from a second generator with the same seed"):
        assert_ids(again, first.tolist())
    if np.array_equal(other, first):  # with probability 9**-60
        fail("two generators with different seeds gave the same text", "another text", other)


@task("options", title="temperature, top_k and top_p reach next_probabilities")
@cases(6)
def test_options_reach_next_probabilities(kata, draw, probes):
    table, ids = model_for(draw)
    temperature = draw.uniform(3, 6)
    sure = ({"top_k": 1, "temperature": temperature}, {"top_p": 1e-3, "temperature": temperature}, {"temperature": 0})
    answer = kata.run(probes.texts, 1, table, ids, 8, generator(draw.seed()), sure[draw.case % 3])[0]
    assert_ids(answer, greedy_text(table, ids, 8))
    if draw.case < 3:
        options = ({"temperature": 4.0}, {"temperature": 3.0, "top_k": 2}, {"temperature": 0.6})[draw.case]
        rows = np.random.default_rng(draw.seed()).permuted(np.tile([0.0, 3.0, 6.0], (3, 1)), axis=1)
        assert_shares(kata, draw, probes, rows + draw.uniform(-0.5, 0.5, 3, 3), [draw.integers(0, 3)], options)


@task("large")
@cases(6)
def test_large_logits_and_low_temperatures(kata, draw):
    n, case = draw.sizes("n", low=2), draw.case
    logits = draw.normal(n, scale=(1.0, 1000.0)[case % 2]) + (5000.0, -5000.0, 0.0)[case % 3]
    temperature = (1.0, 1e-4, 1e-2)[case // 2]
    assert_probabilities(kata.next_probabilities(logits, temperature), logits, temperature)


@task("inputs", title="Arguments are unchanged")
@cases(6)
def test_arguments_are_unchanged(kata, draw, probes):
    logits, temperature = draw.normal(draw.sizes("n", low=2)), (1.0, 0.7, 0.0)[draw.case % 3]
    given = (temperature, draw.integers(1, len(logits)), threshold(draw, logits))
    answer, after = kata.run(probes.after_call, "next_probabilities", logits, *given)
    with about("logits, after next_probabilities"):
        assert_equal(after, logits)
    probabilities = probabilities_of(logits)
    _, after = kata.run(probes.after_call, "sample", probabilities, generator(draw.seed()))
    with about("probabilities, after sample"):
        assert_equal(after, probabilities)
    table, ids = model_for(draw)
    table[:, 0] += 100  # so that the text is 0, 0, 0, and a wrong id is still one of the model's
    answer = kata.run(probes.written, table, ids, 3, generator(draw.seed()), {"temperature": temperature})
    with about("the list ids, after write"):
        assert_ids(answer[2], ids)


@task("inputs", title="One cache can be continued in two ways")
@cases(6)
def test_one_cache_can_be_continued_in_two_ways(kata, draw, probes):
    q, k, v = text_for(draw)
    old, new = slice(0, -1), slice(-1, None)
    if q.shape[1] == 1:
        q, k, v = (np.concatenate([each, each], axis=1) for each in (q, k, v))
    beginning, first = [each[:, old] for each in (q, k, v)], [each[:, new] for each in (q, k, v)]
    second = [draw.normal(*each.shape) for each in first]
    results, after = kata.run(probes.two_continuations, beginning, first, second)
    for name, result, part in zip(("first", "second"), results, (first, second), strict=True):
        expected, scale = attention(*(np.concatenate(pair, axis=1) for pair in zip(beginning, part, strict=True)))
        with about(f"the {name} of two continuations"):
            assert_close(result, expected[:, new], scale=scale[:, new], terms=k.shape[1] + k.shape[2])
    with about("q, k and v, after attend_with_cache"):
        assert_equal(after, [*beginning, *first, *second])


@task("errors", title="Impossible options and an empty text raise a ValueError")
@cases(len(IMPOSSIBLE))
def test_impossible_options_are_value_errors(kata, draw, probes):
    logits = draw.normal(draw.sizes("n", low=2))
    with kata.raises(ValueError):
        kata.next_probabilities(logits, *IMPOSSIBLE[draw.case])
    with kata.raises(ValueError):
        kata.run(probes.written, np.eye(3), [], draw.integers(1, 5), generator(draw.seed()), {})
    temperature = draw.uniform(0.5, 3)
    assert_probabilities(kata.next_probabilities(logits, temperature, None, 1.0), logits, temperature)
