"""Check train, encode and decode on texts that you can merge by hand."""

import numpy as np

from graders.checks import about, assert_equal, task
from graders.checks.properties import for_all, st

# the worked example: 256 is "an", 257 is "ban", 258 is "ana"
A, B, D, N, SPACE = (ord(letter) for letter in "abdn ")
text = "banana bandana"
merges = [(A, N), (B, 256), (256, A)]

# letters with one to four bytes, accents that are characters of their own, and all kinds of spaces
CHARACTERS = (
    "aabbn \n\r\t\0eéñßЖ€中文😀👩🚀\N{COMBINING ACUTE ACCENT}\N{ZERO WIDTH JOINER}"
    "\N{REPLACEMENT CHARACTER}\N{BYTE ORDER MARK}"
)
codes = st.lists(st.sampled_from([ord(each) for each in CHARACTERS]), max_size=12)


def plain(value):
    """Turn NumPy integers and arrays of them into Python ints and lists, because both are right answers."""
    if isinstance(value, np.ndarray | np.integer) and value.dtype.kind in "iu":
        return value.tolist()
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def assert_ids(actual, expected):
    assert_equal(plain(actual), expected)


def assert_merges(actual, expected):
    assert_equal(plain(actual), [list(pair) for pair in expected])


@task("train")
def test_the_worked_example_of_train(kata):
    assert_merges(kata.train(text, 1), merges[:1])


@task("train", title="train stops when no pair occurs in two places")
def test_train_stops_when_no_pair_occurs_in_two_places(kata):
    assert_merges(kata.train("abab", 10), [(A, B)])  # then ids are [256, 256], with a single pair
    assert_merges(kata.train("abcd", 10), [])
    assert_merges(kata.train("", 10), [])
    assert_merges(kata.train("a", 10), [])
    assert_merges(kata.train("abab", 0), [])


@task("train", title="All places of a pair are merged, and new ids take part")
def test_all_places_are_merged_and_new_ids_take_part(kata):
    # abababab: (a, b) in 4 places, so [256, 256, 256, 256]; (256, 256) in 3 places, so [257, 257]
    assert_merges(kata.train("abababab", 10), [(A, B), (256, 256)])
    # ab occurs 3 times; then (256, c) twice
    assert_merges(kata.train("abcab abc", 2), [(A, B), (256, ord("c"))])


@task("train", title="Places may overlap, and the merge starts on the left")
def test_places_may_overlap_and_the_merge_starts_on_the_left(kata):
    assert_merges(kata.train("aaa", 5), [(A, A)])  # two places
    # aaaab: (a, a) in 3 places; then [256, 256, b]
    assert_merges(kata.train("aaaab", 5), [(A, A)])
    # (a, a) in 4 places, so [256, a, b, ., 256, a, b, ",", a, b], where (a, b) is in 3 places.
    # From the right, it would be [a, 256, b, ., a, 256, b, ",", a, b].
    assert_merges(kata.train("aaab.aaab,ab", 2), [(A, A), (A, B)])


@task("train", title="Spaces, line breaks and capital letters are bytes like any other")
def test_spaces_and_capital_letters_are_bytes_like_any_other(kata):
    assert_merges(kata.train(" a a a", 1), [(SPACE, A)])
    assert_merges(kata.train("\n\n\nab", 1), [(10, 10)])
    assert_merges(kata.train("AnAn an", 1), [(65, N)])


@task("train", title="train works with bytes, not with characters")
def test_train_works_with_bytes(kata):
    # é has the bytes 195, 169; ééé has (195, 169) in 3 places and (169, 195) in 2
    assert_merges(kata.train("ééé", 1), [(195, 169)])
    # è and é share their first byte: (98, 195) is in 3 places, and no other pair is
    assert_merges(kata.train("bé bè bé", 1), [(98, 195)])


@task("ties", title="The worked example, with ties")
def test_the_worked_example_with_ties(kata):
    assert_merges(kata.train(text, 3), merges)
    assert_merges(kata.train(text, 100), merges)


@task("ties")
def test_of_equally_frequent_pairs_the_smaller_one_is_merged(kata):
    assert_merges(kata.train("xyxy abab", 1), [(A, B)])
    assert_merges(kata.train("abab xyxy", 1), [(A, B)])
    assert_merges(kata.train("acabacab", 1), [(A, B)])
    # first (a, b), (b, a) and (a, c) are in 2 places each; then (256, a) and (a, c)
    assert_merges(kata.train("abacabac", 10), [(A, B), (A, ord("c")), (256, 257)])


@task("encode")
def test_the_worked_example_of_encode(kata):
    assert_ids(kata.encode(text, merges), [257, 258, SPACE, 257, D, 258])
    assert_ids(kata.encode("bandanna", merges), [257, D, 256, N, A])
    assert_ids(kata.encode("bad", merges), [B, A, D])


@task("encode", title="The merges are applied in order, neither the longest nor the leftmost first")
def test_merges_are_applied_in_order(kata):
    assert_ids(kata.encode("abc", [(B, ord("c")), (A, B)]), [A, 256])
    assert_ids(kata.encode("abc", [(A, B), (B, ord("c"))]), [256, ord("c")])
    # "ab", "cd" and then "abc"; "abcd" contains "abc", but "cd" is merged first
    c, d = ord("c"), ord("d")
    assert_ids(kata.encode("abcd abc", [(A, B), (c, d), (256, c)]), [256, 257, SPACE, 258])
    # "ab" is merged first, so no "bc" is left, and no "abc" either
    assert_ids(kata.encode("abc", [(A, B), (B, c), (A, 257)]), [256, c])
    # 257 and 258 both stand for "aaa", but only 258 is made of 256 and an "a" after it: pairs of ids decide, not bytes
    assert_ids(kata.encode("aaa", [(A, A), (A, 256), (256, A)]), [258])
    # a merge that doesn't occur in the text doesn't end anything
    assert_ids(kata.encode("dada", [(A, N), (D, A)]), [257, 257])


@task("encode", title="A merge replaces all places, from the left to the right")
def test_a_merge_replaces_all_places_from_the_left(kata):
    for length, expected in ((1, [A]), (2, [256]), (3, [256, A]), (4, [256, 256]), (5, [256, 256, A])):
        assert_ids(kata.encode("a" * length, [(A, A)]), expected)
    assert_ids(kata.encode("aaaaaaa", [(A, A), (256, 256)]), [257, 256, A])
    assert_ids(kata.encode("nanan", [(N, A)]), [256, 256, N])


@task("encode", title="encode works with bytes, and any text has ids")
def test_encode_works_with_bytes(kata):
    assert_ids(kata.encode("é€", []), [195, 169, 226, 130, 172])
    assert_ids(kata.encode("bé", [(B, 195)]), [256, 169])
    assert_ids(kata.encode("", merges), [])
    assert_ids(kata.encode(" A\r\n", merges), [32, 65, 13, 10])
    assert_ids(kata.encode("e\N{COMBINING ACUTE ACCENT}", []), [101, 204, 129])  # an accent of its own, not é


@task("decode")
def test_the_worked_example_of_decode(kata):
    assert_equal(kata.decode([257, 258, SPACE, 257, D, 258], merges), text)
    assert_equal(kata.decode([257, D, 256, N, A], merges), "bandanna")
    assert_equal(kata.decode([258, 256, B], merges), "anaanb")  # an encoder wouldn't choose these ids
    assert_equal(kata.decode([], merges), "")
    assert_equal(kata.decode([32, 65, 13, 10], merges), " A\r\n")


@task("decode", title="A character may be spread over several ids")
def test_a_character_may_be_spread_over_several_ids(kata):
    assert_equal(kata.decode([195, 169], []), "é")
    assert_equal(kata.decode([256, 169], [(B, 195)]), "bé")
    assert_equal(kata.decode([226, 256, 97], [(130, 172)]), "€a")


@task("decode", title="Bytes that aren't UTF-8 become the replacement character")
def test_invalid_bytes_become_the_replacement_character(kata):
    assert_equal(kata.decode([97, 195], []), "a\N{REPLACEMENT CHARACTER}")  # a character that breaks off
    assert_equal(kata.decode([195, 97], []), "\N{REPLACEMENT CHARACTER}a")
    assert_equal(kata.decode([256, 97, 172], [(226, 130)]), "\N{REPLACEMENT CHARACTER}a\N{REPLACEMENT CHARACTER}")


@task("roundtrip", title="Emoji, accents, Chinese and line breaks come back")
def test_every_text_comes_back(kata, draw, probes):
    learned = [(240, 159), (256, 152), (A, B), (195, 169), (101, 204), (B, 195), (258, 258)]

    for before in (
        "",
        " \r\n",
        "中文",
        "👩\N{ZERO WIDTH JOINER}🚀 é",
        "\N{BYTE ORDER MARK}abab",
        "\N{REPLACEMENT CHARACTER}",
    ):
        assert_equal(kata.run(probes.there_and_back, before, learned), before)

    @for_all(draw, codes=codes)
    def holds(codes):
        before = "".join(map(chr, codes))
        assert_equal(kata.run(probes.there_and_back, before, learned), before)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("errors", title="An id that doesn't exist raises ValueError")
def test_an_unknown_id_raises_value_error(kata):
    kata.decode([97, 258], merges)
    for ids, known in (([97, 256], []), ([259], merges), ([-1], merges), ([98, -256], merges)):
        with kata.raises(ValueError):
            kata.decode(ids, known)


@task("inputs", title="encode and decode leave their arguments alone")
def test_arguments_are_left_alone(kata, probes):
    ids = [257, 258, SPACE, 257, D, 258]
    answer, after = kata.run(probes.encode_and_arguments, text, merges)
    assert_ids(answer, ids)
    with about("merges, after encode"):
        assert_equal(after, merges)
    answer, *after = kata.run(probes.decode_and_arguments, ids, merges)
    assert_equal(answer, text)
    with about("ids and merges, after decode"):
        assert_equal(after, [ids, merges])
