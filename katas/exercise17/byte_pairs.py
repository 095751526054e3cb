"""Exercise 17: byte-pair encoding."""


def train(text: str, n_merges: int) -> list[tuple[int, int]]:
    """Return the merges that byte-pair encoding learns from a text.

    The ids 0 to 255 are the bytes of the text in UTF-8. Each step finds the pair of neighbouring ids that occurs in
    most places, and replaces it by a new id: 256 in the first step, 257 in the second, and so on.

    Arguments:
        text: the text to learn from.
        n_merges: the largest number of merges, 0 or more.

    Returns:
        A list of pairs of ids, (left, right), in the order in which they were merged. Merge number i (from 0) makes the
        id 256 + i. Every place counts: "aaa" contains the pair (97, 97) in two places, even though they overlap. If
        several pairs are equally frequent, the smallest one is merged, as Python compares tuples. The list is shorter
        than n_merges if no pair is left that occurs in two places.

    Source: Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, 2016,
    https://arxiv.org/abs/1508.07909
    """
    raise NotImplementedError


def encode(text: str, merges: list[tuple[int, int]]) -> list[int]:
    """Return the ids of a text.

    Arguments:
        text: any text that UTF-8 can encode, even an empty one.
        merges: the merges, as `train` returns them.

    Returns:
        A list of ids. It starts as the bytes of the text in UTF-8. Then all merges are applied in order: merge number i
        replaces its pair by 256 + i, from the left to the right, wherever the pair occurs. Of "aaa", the merge
        (97, 97) replaces the first two. Extra: the call leaves merges alone.

    The package tiktoken applies merges in the same way, but first splits the text into words, and may give the bytes
    other ids.
    """
    raise NotImplementedError


def decode(ids: list[int], merges: list[tuple[int, int]]) -> str:
    """Return the text that these ids stand for.

    Arguments:
        ids: any ids from 0 to 255 + len(merges), also ones that encode wouldn't choose.
        merges: the merges, as `train` returns them.

    Returns:
        The text. The bytes of all ids are joined before they are decoded, because a character may be spread over
        several ids. Bytes that aren't valid UTF-8 become "\N{REPLACEMENT CHARACTER}", as with
        bytes.decode(errors="replace"). Extras: ValueError if an id is below 0, or 256 + len(merges) or more; the call
        leaves its arguments alone.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from pieces import main

    main(train, encode, decode)
