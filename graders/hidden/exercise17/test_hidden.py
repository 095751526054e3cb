"""Compare train, encode and decode with a reference that merges by str.replace.

The reference keeps the ids of a text as a string with one character for each id, chr(id). str.replace(pair, new) then
replaces every occurrence of a pair that doesn't overlap with an earlier one, from the left to the right, which is what
the README promises. All results are integers or texts, so they must be equal.
"""

from collections import Counter
from itertools import pairwise

import numpy as np

from graders.checks import about, assert_equal, cases, task

ALPHABETS = (
    "ab",
    "abc ",
    "aé€😀",
    "éèêñ ",
    "中文字 \n",
    "aeo\N{COMBINING ACUTE ACCENT}\N{COMBINING DIAERESIS}",
    "👩🚀😀\N{ZERO WIDTH JOINER}",
    "A a\tB\r\n",
)
RANGES = ((0, 128), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000))  # of code points


def plain(value):
    """Turn NumPy integers and arrays of them into Python ints and lists, because both are right answers."""
    if isinstance(value, np.ndarray | np.integer) and value.dtype.kind in "iu":
        return value.tolist()
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def assert_ids(actual, expected):
    assert_equal(plain(actual), expected)


def assert_merges(actual, expected):
    assert_equal(plain(actual), [list(pair) for pair in expected])


def learned(text, n_merges, *, until_a_tie=False):
    """Return the merges of a text, at most n_merges, and whether they ended because no pair occurs in two places.

    With `until_a_tie`, the merges end before the first step in which several pairs are equally frequent.
    """
    ids, merges = text.encode().decode("latin-1"), []
    while len(merges) < n_merges:
        counts = Counter(pairwise(ids))
        most = max(counts.values(), default=0)
        if most < 2:
            return merges, True
        best = sorted(pair for pair, count in counts.items() if count == most)
        if until_a_tie and len(best) > 1:
            break
        ids = ids.replace("".join(best[0]), chr(256 + len(merges)))
        merges.append(tuple(map(ord, best[0])))
    return merges, False


def encoded(text, merges):
    ids = text.encode().decode("latin-1")
    for new, pair in enumerate(merges, start=256):
        ids = ids.replace("".join(map(chr, pair)), chr(new))
    return list(map(ord, ids))


def decoded(ids, merges):
    def expanded(i):
        return bytes([i]) if i < 256 else expanded(merges[i - 256][0]) + expanded(merges[i - 256][1])

    return b"".join(map(expanded, ids)).decode("utf-8", errors="replace")


def letters(draw, *, longest):
    """Draw a text of one of the alphabets. Its first letters are the most frequent ones."""
    alphabet = ALPHABETS[draw.case % len(ALPHABETS)]
    length = draw.sizes("length", low=2, high=longest)
    places = draw.uniform(0, 1, length) ** 2 * len(alphabet)
    return "".join(alphabet[min(int(place), len(alphabet) - 1)] for place in places)


def any_merges(draw, text):
    """Draw merges of random pairs of the ids that occur in a text, and of new ids, in any order."""
    known = list(dict.fromkeys(text.encode())) or [97]
    merges = []
    for left, right in draw.integers(0, 1000, draw.sizes("merges", low=1, high=12), 2):
        pair = known[left % len(known)], known[right % len(known)]
        if pair not in merges:
            merges.append(pair)
            known.append(255 + len(merges))
    return merges


def any_text(draw):
    """Draw a text of code points of all ranges: one to four bytes, also characters that have no meaning yet."""
    length = draw.sizes("length", low=1, high=8)
    return "".join(chr(draw.integers(*draw.choice(RANGES))) for _ in range(length))


@task("train", title="The most frequent pair is merged")
@cases(24)
def test_the_most_frequent_pair_is_merged(kata, draw):
    text = letters(draw, longest={5: 300}.get(draw.case, 60))
    text = {9: text[:1], 17: "", 18: "aaaaaaaa"[: 3 + draw.integers(0, 5)]}.get(draw.case, text)
    merges, ended = learned(text, 1 + draw.case % 12, until_a_tie=True)
    n_merges = len(merges) + (5 if ended else 0)  # beyond the end, nothing more is merged
    assert_merges(kata.train(text, n_merges), merges)


@task("ties", title="Of equally frequent pairs, the smaller one is merged")
@cases(24)
def test_of_equally_frequent_pairs_the_smaller_one_is_merged(kata, draw):
    text = letters(draw, longest=40)
    n_merges = draw.choice((3, 10, 100))
    assert_merges(kata.train(text, n_merges), learned(text, n_merges)[0])


@task("encode", title="Merges that were learned from another text")
@cases(16)
def test_merges_that_were_learned_from_another_text(kata, draw):
    merges, _ = learned(letters(draw, longest=60), draw.integers(0, 20))
    text = letters(draw, longest=40)
    assert_ids(kata.encode(text, merges), encoded(text, merges))


@task("encode", title="Any merges, in any order")
@cases(24)
def test_any_merges_in_any_order(kata, draw):
    text = letters(draw, longest=40) if draw.case != 7 else ""
    merges = any_merges(draw, letters(draw, longest=6))
    assert_ids(kata.encode(text, merges), encoded(text, merges))


@task("decode", title="Any ids become a text")
@cases(24)
def test_any_ids_become_a_text(kata, draw):
    text = letters(draw, longest=12)
    merges = any_merges(draw, text)
    known = [*text.encode(), *range(256, 256 + len(merges))]
    ids = [known[place] for place in draw.integers(0, len(known), draw.sizes("ids", low=1, high=12))]
    if draw.case % 4 == 3:  # characters that break off, and bytes that never occur in UTF-8
        ids = [0, *(draw.integers(0, 256) if each % 3 == 0 else each for each in ids), 255]  # and the ends of the bytes
    elif draw.case % 4 == 1:
        ids = encoded(text, merges)
    assert_equal(kata.decode(ids, merges), decoded(ids, merges))


@task("roundtrip", title="Every text comes back")
@cases(20)
def test_every_text_comes_back(kata, draw, probes):
    text = any_text(draw) if draw.case % 2 else letters(draw, longest=20)
    merges = any_merges(draw, text)
    assert_equal(kata.run(probes.there_and_back, text, merges), text)


@task("errors", title="An id that doesn't exist raises ValueError")
@cases(8)
def test_an_unknown_id_raises_value_error(kata, draw):
    merges = any_merges(draw, letters(draw, longest=6))
    known = 256 + len(merges)
    ids = [draw.integers(0, known) for _ in range(1 + draw.case % 3)]
    ids.insert(draw.integers(0, len(ids) + 1), (known, known + 5, -1, -known)[draw.case % 4])
    with kata.raises(ValueError):
        kata.decode(ids, merges)


@task("inputs", title="encode and decode leave their arguments alone")
@cases(4)
def test_arguments_are_left_alone(kata, draw, probes):
    text = f"a{letters(draw, longest=18)}b"  # spaces at the ends are another task's
    merges = any_merges(draw, text)
    _, after = kata.run(probes.encode_and_arguments, text, merges)  # the visible test asks for a right answer
    with about("merges, after encode"):
        assert_equal(after, merges)
    given = encoded(text, merges)
    answer, *after = kata.run(probes.decode_and_arguments, given, merges)
    assert_equal(answer, text)
    with about("ids and merges, after decode"):
        assert_equal(after, [given, merges])
