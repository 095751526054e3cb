"""Check the four functions on numbers that you can verify by hand, and random ids as samples.

If your code is right, each test of random ids fails with a probability below one in ten million.
"""

import math

import numpy as np

from graders.checks import (
    Mismatch,
    about,
    assert_bernoulli,
    assert_close,
    assert_equal,
    assert_independent,
    assert_near,
    generator,
    task,
)
from graders.checks.mismatch import fail
from graders.checks.properties import for_all, tenths

logits = np.log([1.0, 8.0, 2.0, 5.0])  # 0, 2.0794, 0.6931, 1.6094
ALARM = 1e-7

# Two heads, three tokens, four features. The first feature of each query is 2 and the others are 0, so q · k / sqrt(4)
# is the first feature of k. The weights are proportional to 1, 3, 4 in the first head and to 2, 1, 1 in the second.
q = np.tile([2.0, 0.0, 0.0, 0.0], (2, 3, 1))
k = np.stack([np.log([[1.0, 3.0, 4.0], [2.0, 1.0, 1.0]]), *np.arange(18.0).reshape(3, 2, 3)], axis=-1)
v = np.eye(3, 4) * np.array([8.0, 12.0])[:, None, None]
y = np.array([[[8, 0, 0, 0], [2, 6, 0, 0], [1, 3, 4, 0]], [[12, 0, 0, 0], [8, 4, 0, 0], [6, 3, 3, 0]]], dtype=float)

# After each token, the next number is the most probable next token.
counting = 5.0 * np.roll(np.eye(5), 1, axis=1)
# The logits after a text are the last token's row plus half of the logits before. So after [2] they are [1, 2, 1], and
# after [1, 2] they are [1, 2, 1] + [2, 0, 0] = [3, 2, 1].
memory = np.array([[0.0, 0.0, 4.0], [4.0, 0.0, 0.0], [1.0, 2.0, 1.0]])


def check(actual, expected):
    """Compare values only: an array of ints with the right numbers is right."""
    if isinstance(actual, np.ndarray) and actual.dtype.kind in "biu":
        actual = actual.astype(np.float64)
    assert_close(actual, np.array(expected, dtype=float), scale=20.0, terms=8)


def ids_of(answer, count):
    """Return ids as an array. Ints of any type are right, in a list, a tuple or an array."""
    try:
        found = np.asarray(answer)
    except ValueError:  # items of different lengths
        found = np.empty(0)
    if found.dtype.kind not in "iu" or found.shape != (count,):
        raise Mismatch(f"expected {count} ids, each an int", None, answer)
    return found


def check_id(actual, expected):
    check_text([actual], [expected])


def check_text(actual, expected):
    found = ids_of(actual, len(expected))
    if not np.array_equal(found, expected):
        first = int(np.argmax(found != np.asarray(expected)))
        fail(f"wrong id at [{first}]: expected {expected[first]}, got {found[first]}", list(expected), actual)


def check_written(answer, expected):
    """Check the text, and that step got each of its ids once. The last one may be left out."""
    text, calls, _ = answer
    with about("the text"):
        check_text(text, expected)
    passed = [i for call in calls for i in call]
    if passed not in (expected, expected[:-1]):
        fail(f"the calls of step got {calls}: pass each id of {expected} once and in order", "each id once", calls)


@task("temperature", title="The worked example: temperatures 1, 1/2 and 2")
def test_the_worked_example(kata):
    check(kata.next_probabilities(logits), [1 / 16, 8 / 16, 2 / 16, 5 / 16])
    check(kata.next_probabilities(logits, 1.0), [0.0625, 0.5, 0.125, 0.3125])
    check(kata.next_probabilities(logits, 0.5), [1 / 94, 64 / 94, 4 / 94, 25 / 94])
    roots = np.sqrt([1.0, 8.0, 2.0, 5.0])
    check(kata.next_probabilities(logits, 2), roots / roots.sum())
    for temperature, rounded in ((0.5, [0.011, 0.681, 0.043, 0.266]), (2.0, [0.134, 0.378, 0.189, 0.299])):
        assert_near(kata.next_probabilities(logits, temperature), rounded, absolute=6e-4)


@task("temperature")
def test_temperature_0_is_the_largest(kata):
    check(kata.next_probabilities(logits, 0), [0, 1, 0, 0])
    check(kata.next_probabilities(logits, 0.0), [0, 1, 0, 0])
    check(kata.next_probabilities(np.array([-3.0, -2.0, -1.0]), 0.0), [0, 0, 1])
    check(kata.next_probabilities(np.array([0.0, 1e-5, -1.0]), 0.0), [0, 1, 0])


@task("temperature", title="For any logits, multiplying them and the temperature by a number changes nothing")
def test_the_scale_of_logits_and_temperature_cancels(kata, draw):
    @for_all(draw, a=tenths(), b=tenths(), factor=tenths(0.5, 5.0))
    def holds(a, b, factor):
        x = np.array([a, b, 0.0])
        before = kata.next_probabilities(x)
        with about(f"compared with the result for these logits divided by {factor} and temperature 1"):
            check(kata.next_probabilities(factor * x, factor), before)


@task("top_k")
def test_the_k_largest_are_kept(kata):
    check(kata.next_probabilities(logits, 1.0, 2), [0, 8 / 13, 0, 5 / 13])
    check(kata.next_probabilities(logits, 1.0, 1), [0, 1, 0, 0])
    check(kata.next_probabilities(logits, 1.0, 3), [0, 8 / 15, 2 / 15, 5 / 15])
    check(kata.next_probabilities(logits, 1.0, 4), [1 / 16, 8 / 16, 2 / 16, 5 / 16])
    check(kata.next_probabilities(logits - 3, 1.0, 2), [0, 8 / 13, 0, 5 / 13])  # all logits are negative


@task("top_p")
def test_the_largest_are_kept_until_they_reach_p(kata):
    check(kata.next_probabilities(logits, 1.0, None, 0.6), [0, 8 / 13, 0, 5 / 13])
    check(kata.next_probabilities(logits, 1.0, None, 0.9), [0, 8 / 15, 2 / 15, 5 / 15])
    check(kata.next_probabilities(logits, 1.0, None, 0.4), [0, 1, 0, 0])  # one token is enough
    check(kata.next_probabilities(logits, 1.0, None, 0.01), [0, 1, 0, 0])
    check(kata.next_probabilities(logits, 1.0, None, 0.99), [1 / 16, 8 / 16, 2 / 16, 5 / 16])
    check(kata.next_probabilities(np.log([5.0, 2.0, 1.0, 8.0]), 1.0, None, 0.6), [5 / 13, 0, 0, 8 / 13])


@task("together", title="Temperature first, then top-k, then top-p")
def test_temperature_comes_first_then_top_k_then_top_p(kata):
    check(kata.next_probabilities(logits, 1.0, 2, 0.6), [0, 1, 0, 0])
    check(kata.next_probabilities(logits, 0.5, None, 0.6), [0, 1, 0, 0])
    check(kata.next_probabilities(logits, 0.5, 2), [0, 64 / 89, 0, 25 / 89])
    check(kata.next_probabilities(logits, 0.5, 3, 0.9), [0, 64 / 89, 0, 25 / 89])
    check(kata.next_probabilities(logits, 1.0, 1, 0.9), [0, 1, 0, 0])  # top-k decides
    check(kata.next_probabilities(logits, 0, 2, 0.9), [0, 1, 0, 0])


@task("sample", title="An id with probability 1")
def test_an_id_with_probability_1_is_drawn(kata):
    check_id(kata.sample(np.array([0.0, 1.0, 0.0]), generator(1)), 1)
    check_id(kata.sample(np.array([0.0, 0.0, 0.0, 1.0]), generator(2)), 3)
    check_id(kata.sample(np.array([1.0]), generator(3)), 0)


@task("sample", title="1000 ids have the given probabilities")
def test_1000_ids_have_the_given_probabilities(kata, draw, probes):
    """Correct ids fail with a probability below ALARM, divided among 8 checks."""
    probabilities = np.array([0.1, 0.5, 0.0, 0.4])
    ids = ids_of(kata.run(probes.in_a_row, 1000, probabilities, generator(draw.seed())), 1000)
    if ids.min() < 0 or ids.max() > 3:
        fail("expected ids from 0 to 3", [0, 1, 3], ids)
    for i, probability in enumerate(probabilities):
        with about(f"1 where the id is {i}, else 0"):
            assert_bernoulli(ids == i, probability, ALARM / 8)
            assert_independent(ids == i, probability, ALARM / 8)


@task("generator", title="The same seed gives the same ids, another seed gives others")
def test_equal_generators_give_equal_ids(kata, draw, probes):
    probabilities, seed = np.full(10, 0.1), draw.seed()
    first, again, other = (
        ids_of(kata.run(probes.in_a_row, 100, probabilities, generator(each)), 100) for each in (seed, seed, seed + 1)
    )
    with about("the ids from a second generator with the same seed"):
        check_text(again, first.tolist())
    if np.array_equal(other, first):  # with probability 1e-100
        fail("two generators with different seeds gave the same 100 ids", "other ids", other)


@task("generator", title="The global generators are left alone")
def test_global_generators_are_left_alone(kata, draw, probes):
    before, after = kata.run(probes.global_generators_around, 3, np.full(4, 0.25), generator(draw.seed()))
    with about("the next numbers of np.random.random() and random.random() after sample"):
        assert_equal(after, before)


@task("cache", title="The worked example: two tokens, one after the other")
def test_the_worked_example_of_attention(kata, probes):
    ones, keys, values = np.ones((1, 2, 1)), np.array([[[0.0], [math.log(3)]]]), np.array([[[4.0], [8.0]]])
    parts = kata.run(probes.in_parts, [1, 1], ones, keys, values)
    for part, expected in zip(parts, ([[[4.0]]], [[[7.0]]]), strict=True):
        check(part, expected)


@task("cache", title="All tokens in one call")
def test_all_tokens_in_one_call(kata, probes):
    check(kata.run(probes.at_once, q, k, v), y)
    check(kata.run(probes.at_once, q[:, :1], k[:, :1], v[:, :1]), y[:, :1])


@task("cache", title="However a text is cut into calls, the results are the same")
def test_the_parts_of_a_text_do_not_matter(kata, probes):
    for lengths in ([1, 1, 1], [2, 1], [1, 2], [3]):
        with about(f"parts of {lengths} tokens"):
            parts = kata.run(probes.in_parts, lengths, q, k, v)
            ends = np.cumsum(lengths)
            for end, n, part in zip(ends, lengths, parts, strict=True):
                check(part, y[:, end - n : end])


@task("cache", title="Each text has its own cache")
def test_each_text_has_its_own_cache(kata, probes):
    for parts, expected in zip(kata.run(probes.two_texts_in_turn, [q, k, v], [q, k, 2 * v]), (y, 2 * y), strict=True):
        for token, part in enumerate(parts):
            check(part, expected[:, token : token + 1])


@task("write", title="The worked example: a model that counts")
def test_the_worked_example_of_writing(kata, probes):
    check_written(kata.run(probes.written, counting, [3], 3, generator(1), {"temperature": 0}), [3, 4, 0, 1])


@task("write", title="The prompt comes first, and its last logits choose the first new token")
def test_the_prompt_comes_first(kata, probes):
    greedy = {"temperature": 0.0}
    check_written(kata.run(probes.written, counting, [1, 3, 2], 1, generator(1), greedy), [1, 3, 2, 3])
    check_written(kata.run(probes.written, memory, [2], 1, generator(1), greedy), [2, 1])
    check_written(kata.run(probes.written, memory, [1, 2], 1, generator(1), greedy), [1, 2, 0])


@task("write", title="Each step remembers the whole text")
def test_each_step_remembers_the_whole_text(kata, probes):
    answer = kata.run(probes.written, memory, [1, 2], 5, generator(1), {"temperature": 0.0})
    check_written(answer, [1, 2, 0, 2, 2, 1, 0])


@task("write", title="New tokens are drawn at random")
def test_new_tokens_are_drawn_at_random(kata, draw, probes):
    """Correct texts fail with a probability below ALARM, divided among 8 checks."""
    table = np.log([[1.0, 3.0], [3.0, 1.0]])  # without memory: the other token has probability 3/4
    answers = kata.run(probes.texts, 300, table, [0], 2, generator(draw.seed()), {})
    texts = np.array([ids_of(answer, 3) for answer in answers])
    with about("1 where the first new id is 1, else 0"):
        assert_bernoulli(texts[:, 1], 3 / 4, ALARM / 8)
        assert_independent(texts[:, 1], 3 / 4, ALARM / 8)
    # After [0, 1], the logits are log [3, 1] + log [1, 3] / 2, so the next ids have the probabilities √3 : 1.
    second = texts[texts[:, 1] == 1, 2]
    with about("1 where the second new id, after [0, 1], is 1, else 0"):
        assert_bernoulli(second, 1 / (1 + math.sqrt(3)), ALARM / 8)


@task("write", title="The same seed gives the same text, another seed gives another")
def test_equal_generators_give_equal_texts(kata, draw, probes):
    seed, table = draw.seed(), np.zeros((10, 10))
    first, again, other = (
        ids_of(kata.run(probes.texts, 1, table, [0], 60, generator(each), {})[0], 61) for each in (seed, seed, seed + 1)
    )
    with about("the text from a second generator with the same seed"):
        check_text(again, first.tolist())
    if np.array_equal(other, first):  # with probability 1e-60
        fail("two generators with different seeds gave the same text", "another text", other)


@task("options", title="temperature, top_k and top_p reach next_probabilities")
def test_options_reach_next_probabilities(kata, draw, probes):
    """Without its option, each of these texts would be right with a probability below 1e-3."""
    flat, start = 0.1 * counting, [3]
    for options in ({"top_k": 1}, {"top_p": 0.01}, {"temperature": 1e-2}):
        with about(f"{options}"):
            answer = kata.run(probes.texts, 1, flat, start, 7, generator(draw.seed()), options)[0]
            check_text(answer, [3, 4, 0, 1, 2, 3, 4, 0])
    # At temperature 50, the two tokens that are left are about equally probable; 60 draws miss one of them with a
    # probability below 1e-17.
    table = np.tile([5.0, 0.0, 5.1, 0.0], (4, 1))
    text = ids_of(
        kata.run(probes.texts, 1, table, [0], 60, generator(draw.seed()), {"top_k": 2, "temperature": 50.0})[0], 61
    )
    if set(text[1:].tolist()) != {0, 2}:
        fail("expected both ids 0 and 2, and no other, with top_k=2 and temperature=50", [0, 2], text)


@task("large")
def test_large_logits_and_low_temperatures(kata):
    check(kata.next_probabilities(1000 + logits), [1 / 16, 8 / 16, 2 / 16, 5 / 16])
    check(kata.next_probabilities(np.array([1000.0, 0.0, -1000.0])), [1, 0, 0])
    check(kata.next_probabilities(logits, 1e-4), [0, 1, 0, 0])
    check(kata.next_probabilities(logits, 1e-4, 2, 0.9), [0, 1, 0, 0])
    e = math.exp(5.0)
    check(kata.next_probabilities(np.array([0.0, 5e-4]), 1e-4), [1 / (1 + e), e / (1 + e)])


@task("inputs", title="Arguments are unchanged")
def test_arguments_are_unchanged(kata, probes):
    for temperature in (1.0, 0.5):
        _, after = kata.run(probes.after_call, "next_probabilities", logits, temperature, 2, 0.6)
        with about("logits, after next_probabilities"):
            assert_equal(after, logits)
    probabilities = np.array([0.7, 0.2, 0.1])  # their sum rounds to a number below 1
    _, after = kata.run(probes.after_call, "sample", probabilities, generator(1))
    with about("probabilities, after sample"):
        assert_equal(after, probabilities)
    _, _, ids = kata.run(probes.written, counting, [3, 2], 3, generator(1), {"temperature": 0})
    with about("the list ids, after write"):
        assert_equal(ids, [3, 2])


@task("inputs", title="One cache can be continued in two ways")
def test_one_cache_can_be_continued_in_two_ways(kata, probes):
    beginning, first = [each[:, :2] for each in (q, k, v)], [each[:, 2:] for each in (q, k, v)]
    second = [first[0], first[1], -first[2]]
    results, arrays = kata.run(probes.two_continuations, beginning, first, second)
    check(results[0], y[:, 2:])
    check(results[1], y[:, 2:] * [1, 1, -1, 1])
    with about("q, k and v, after attend_with_cache"):
        assert_equal(arrays, [*beginning, *first, *second])


@task("errors", title="Impossible options and an empty text raise a ValueError")
def test_impossible_options_are_value_errors(kata, probes):
    for options in ((-1.0,), (-0.5, 2), (1.0, 0), (1.0, -1), (1.0, None, 0.0), (1.0, None, -0.1), (1.0, None, 1.5)):
        with kata.raises(ValueError):
            kata.next_probabilities(logits, *options)
    with kata.raises(ValueError):
        kata.run(probes.written, counting, [], 3, generator(1), {})


@task("errors", title="top_p = 1 is possible and keeps all")
def test_a_top_p_of_1_keeps_all(kata):
    # with these temperatures, the sum often rounds to a number below 1
    for temperature in (0.3, 0.5, 0.7, 0.8, 1.0, 1.1, 1.4, 1.8, 1.9, 2.0, 2.2, 2.5, 2.6):
        p = np.array([1.0, 8.0, 2.0, 5.0]) ** (1 / temperature)
        check(kata.next_probabilities(logits, temperature, None, 1.0), p / p.sum())
