"""Texts as ids (supplied): the stories, or a text of your own, cut into tokens; a part is held back for measuring."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import stories

N_STORIES, N_HELD_BACK = 6000, 300
TWO_KINDS = (stories.GIFT, stories.SWAP)  # these two are learned quickly
SHARE_HELD_BACK = 0.1  # of a text of your own: its end
MOST_TOKENS = 512  # different ones
SHORTEST = 2000  # characters of a text of your own
PIECE = re.compile(r" ?[^\W\d_]+| ?[^\s]|\s")


class TextError(ValueError):
    """A text from which nothing can be learned. The message names the file and says what to do."""


def pieces(text: str) -> list[str]:
    """Return the words and marks of a text, each with the space before it. No token is longer than a piece."""
    return PIECE.findall(text)


class Tokens:
    """The tokens that occur in a text. The id of a token is its place in the list `all`.

    `spell` returns the tokens of a piece, and `join` the text of some tokens. The rarest tokens, if there are too many,
    have no id. A piece with such a token is spelt letter by letter.
    """

    def __init__(
        self,
        text: str,
        spell: Callable[[str], Iterable[Hashable]],
        join: Callable[[list], str],
        most: int = MOST_TOKENS,
    ):
        self._spell, self.join = cache(lambda piece: list(spell(piece))), join
        letters = {token for letter in set(text) for token in self._spell(letter)}
        found = Counter(token for piece in pieces(text) for token in self._spell(piece) if token not in letters)
        self.all = sorted(letters, key=str) + [token for token, _ in found.most_common(max(0, most - len(letters)))]
        self._number = {token: i for i, token in enumerate(self.all)}

    def __len__(self) -> int:
        return len(self.all)

    def encode(self, text: str) -> np.ndarray:
        """Return the ids of a text, int64. Raises TextError for a character that the model has never seen."""
        ids = []
        for piece in pieces(text):
            spelt = self._spell(piece)
            if not all(token in self._number for token in spelt):
                spelt = [token for letter in piece for token in self._spell(letter)]
            for token in spelt:
                if token not in self._number:
                    raise TextError(f"{piece.strip()!r}: not all its letters occur in the text that the model has read")
                ids.append(self._number[token])
        return np.array(ids, dtype=np.int64)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text with these ids."""
        return self.join([self.all[i] for i in ids])


@dataclass(frozen=True)
class Corpus:
    """What a model learns from, and what it is measured on.

    `ids` are the tokens to learn from, one text after the other, `held_back` those of other texts, and the `starts` of
    both say where a passage of the context may begin. `unseen` are the texts held back, if they are stories.
    """

    tokens: Tokens
    ids: np.ndarray
    starts: np.ndarray
    held_back: np.ndarray
    held_back_starts: np.ndarray
    unseen: Sequence[str] = ()

    @property
    def beginnings(self) -> list[str]:
        """How texts begin: with a name, for instance."""
        return [pieces(story)[0] for story in self.unseen] or [self.tokens.decode(self.held_back[:1])]


def words_of(text: str) -> Tokens:
    """Return the tokens of a text if they are its words."""
    return Tokens(text, lambda word: [word], "".join)


def of_stories(
    tokens_of: Callable[[str], Tokens],
    context: int,
    kinds: tuple[tuple[str, ...], ...] = stories.KINDS,
    seed: int = 0,
) -> Corpus:
    """Return the corpus of stories. Those held back are about things in colours that no other story gives them."""
    text = "".join(f"{story}\n" for story in stories.stories(N_STORIES, seed, kinds))
    unseen = stories.stories(N_HELD_BACK, seed + 1, kinds, unseen=True)
    tokens = tokens_of(text)
    return _divided(
        tokens, tokens.encode(text), tokens.encode("".join(f"{story}\n" for story in unseen)), context, unseen
    )


def of_file(path: Path, tokens_of: Callable[[str], Tokens], context: int) -> Corpus:
    """Return the corpus of a text file. Raises TextError if it cannot be read or used."""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as fault:  # a folder, for instance, or no such file
        raise TextError(f"{path.absolute()}: {fault.strerror}. Give the path of a text file.") from None
    except UnicodeDecodeError as fault:
        raise TextError(f"{path}: byte {fault.start} is not UTF-8. Save the text as UTF-8.") from None
    if len(text) < SHORTEST:
        raise TextError(f"{path}: {len(text)} characters are too few. Give a text of at least {SHORTEST}.")
    if len(set(text)) < 2:
        raise TextError(f"{path}: the text repeats a single character, so there is nothing to learn.")
    tokens = tokens_of(text + "\n")
    ids = tokens.encode(text)
    cut = len(ids) - int(SHARE_HELD_BACK * len(ids))
    if min(cut, len(ids) - cut) < context + 2:
        raise TextError(f"{path}: {len(ids)} tokens are too few. Give a longer text.")
    return _divided(tokens, ids[:cut], ids[cut:], context)


def _divided(
    tokens: Tokens, ids: np.ndarray, held_back: np.ndarray, context: int, unseen: Sequence[str] = ()
) -> Corpus:
    newline = int(tokens.encode("\n")[-1])
    starts, others = (begins(each, newline, context) for each in (ids, held_back))
    return Corpus(tokens, ids, starts, held_back, others, unseen)


def begins(ids: np.ndarray, newline: int, context: int) -> np.ndarray:
    """Return where passages of context + 1 tokens may begin: with a line, and every `context` tokens in longer ones."""
    found = [0]
    for i in range(1, len(ids) - context):
        if ids[i - 1] == newline or i - found[-1] >= context:
            found.append(i)
    return np.array(found)


# ----------------------------------------------------------------------------------------------------- measuring


def remembered(
    predict: Callable[[np.ndarray], np.ndarray], told: Sequence[str], tokens: Tokens, context: int
) -> dict[str, float]:
    """Return the share of right words where stories repeat a person, a place, and so on.

    `predict` gets the ids of the stories, one in each row (n, context) with zeros after its end. It returns the most
    probable next id after each of them, in the same shape. A word is right if all of its tokens are.
    """
    rows = np.zeros((len(told), context), dtype=np.int64)
    for row, story in zip(rows, told, strict=True):
        ids = tokens.encode(story)[:context]
        row[: len(ids)] = ids
    right = predict(rows)[:, :-1] == rows[:, 1:]
    found: dict[str, list[bool]] = {}
    for row, story in zip(right, told, strict=True):
        for what, start, end in stories.repeated(story):
            first, last = (len(tokens.encode(story[:at])) for at in (start - 1, end))  # a word begins with its space
            if last <= len(row):
                found.setdefault(what, []).append(bool(row[first - 1 : last - 1].all()))
    return {what: sum(each) / len(each) for what, each in sorted(found.items())}


def beginning(story: str) -> str:
    """Return a story as far as the first word that it repeats."""
    return story[: stories.repeated(story)[0][1] - 1]


def judged(lines: Sequence[str]) -> str:
    """Return in words how many of the endings that a model wrote for unseen stories are right."""
    grammatical, remembering = (sum(map(test, lines)) for test in (stories.is_grammatical, stories.remembers))
    return (
        f"of {len(lines)} unseen stories that it got the beginning of, it ended {grammatical} grammatically, and "
        f"{remembering} with the right person, thing, colour and place"
    )


def n_gram_bits(text: Corpus, n: int, smoothing: float = 0.1) -> float:
    """Return the bits per token of an n-gram model for the text held back, with the smoothing of exercise 13."""
    n_tokens = len(text.tokens)

    def keys(ids: np.ndarray, length: int) -> np.ndarray:
        return sum(ids[i : len(ids) - length + 1 + i] * n_tokens**i for i in range(length))

    def counted(length: int) -> np.ndarray:
        """Return how often each passage of the held-back text occurs in the other; n - 1 tokens, before another."""
        found, counts = np.unique(keys(text.ids[: len(text.ids) - n + length], length), return_counts=True)
        wanted = keys(text.held_back, length)
        at = np.minimum(np.searchsorted(found, wanted), len(found) - 1)
        return np.where(found[at] == wanted, counts[at], 0)

    before = counted(n - 1)[: len(text.held_back) - n + 1]
    return float(-np.log2((counted(n) + smoothing) / (before + n_tokens * smoothing)).mean())
