"""Little stories (supplied), written by a grammar. To go on with one, look back: who was it, which thing, and where?

A template is a story with slots in braces. A slot has the same words wherever it occurs in a story, so every place
but its first can be known from what came before. Some colours of things never occur in the stories to learn from:
they are for trying whether a model has learned to look back, or only knows the stories by heart.
"""

import random
import re
from collections.abc import Iterator
from string import Formatter

SHE, HE = ("she", "She", "her"), ("he", "He", "him")
PEOPLE = dict.fromkeys(("Mia", "Lena", "Zoe", "Ida", "Nora"), SHE)
PEOPLE |= dict.fromkeys(("Tom", "Ben", "Max", "Paul", "Finn"), HE)
COLOURS = ["red", "blue", "green", "yellow", "black", "white"]
THINGS = ["kite", "ball", "hat", "boat", "cup", "coat", "book", "drum", "bell", "key", "lamp", "box"]
ANIMALS = ["dog", "cat", "duck", "fox", "goat", "horse", "mouse"]
PLACES = [
    "in the park", "by the lake", "on the hill", "in the garden",
    "near the river", "at the market", "behind the house", "under the tree",
]  # fmt: skip
FEELINGS = ["sad", "angry", "tired"]

# a, b are people, of whom {she}, {She}, {her} is a and {He} is b; c, d are colours; t, u things; p, q places
GIFT = (
    '{b} wants a {t}. {He} asks {a} for one. {a} has a {c} {t} and a {d} {u}. {She} gives {b} the {c} {t}. "Thank you,'
    ' {a}," says {b}.',
    '{b} wants a {t}. {He} asks {a} for one. {a} has a {d} {u} and a {c} {t}. {She} gives {b} the {c} {t}. "Thank you,'
    ' {a}," says {b}.',
)
SWAP = (
    "{a} has a {c} {t}. {b} has a {d} {u}. They meet {p} and swap. Now {a} has the {d} {u}, and {b} has the {c} {t}.",
)
THIEF = (
    "{a} has a {c} {t}. One day {she} plays with it {p}. A {animal} takes the {t}. Now {a} is {feeling}. {b} meets the"
    " {animal} {q}. {He} brings the {c} {t} back to {a}.",
)
FRIEND = (
    "A {animal} lives {p}. Every day {a} brings it some bread. Today {she} is late. The {animal} is {feeling} and waits"
    " {p}. At last it sees {a} and runs to {her}.",
)
SEARCH = (
    "{a} and {b} look for a {c} {t}. {a} looks {p} and finds nothing. {b} looks {q}, and there it is. Now {b} has the"
    " {c} {t}.",
)
SECRET = (
    '"Where is my {t}?" asks {a}. "Is it {c}?" asks {b}. "Yes." "Then the {animal} has it," says {b}. {a} sees the'
    " {animal} {p}, with the {c} {t}.",
)
PAINT = (
    '{a} finds a {c} {t} {p}. {She} paints it {d}. "Where was the {t}?" asks {b}. "It was {p}," says {a}. Now the {t}'
    " is {d}.",
)
KINDS = (GIFT, SWAP, THIEF, FRIEND, SEARCH, SECRET, PAINT)

WORDS = {
    "a": list(PEOPLE), "b": list(PEOPLE), "c": COLOURS, "d": COLOURS, "t": THINGS, "u": THINGS,
    "p": PLACES, "q": PLACES, "animal": ANIMALS, "feeling": FEELINGS,
    "she": ["she", "he"], "She": ["She", "He"], "her": ["her", "him"], "He": ["She", "He"],
}  # fmt: skip
REMEMBERED = {"a": "person", "b": "person", "c": "colour", "d": "colour", "t": "thing", "u": "thing"}
REMEMBERED |= {"p": "place", "q": "place", "animal": "animal"}


def is_held_back(colour: str, thing: str) -> bool:
    """Whether no story to learn from has this thing in this colour. Every thing has one such colour."""
    return (COLOURS.index(colour) - THINGS.index(thing)) % len(COLOURS) == 0


def story(rng: random.Random, kinds: tuple[tuple[str, ...], ...] = KINDS, *, unseen: bool = False) -> str:
    """Return a story. An unseen one is about a thing in the colour that is held back; the others have no such thing."""
    words = {"animal": rng.choice(ANIMALS), "feeling": rng.choice(FEELINGS)}
    for names, choices in (("ab", list(PEOPLE)), ("tu", THINGS), ("pq", PLACES)):
        words |= zip(names, rng.sample(choices, 2), strict=True)
    t, u = words["t"], words["u"]
    words["c"] = rng.choice([colour for colour in COLOURS if is_held_back(colour, t) == unseen])
    others = [colour for colour in COLOURS if not is_held_back(colour, t) and not is_held_back(colour, u)]
    words["d"] = rng.choice([colour for colour in others if colour != words["c"]])
    return rng.choice(rng.choice(kinds)).format(**_with_pronouns(words))


def stories(n: int, seed: int, kinds: tuple[tuple[str, ...], ...] = KINDS, *, unseen: bool = False) -> list[str]:
    """Return n stories. The same seed writes the same ones."""
    rng = random.Random(seed)
    return [story(rng, kinds, unseen=unseen) for _ in range(n)]


def is_grammatical(text: str) -> bool:
    """Whether a text could be one of these stories, if every word may forget what the story has said before."""
    return any(True for _ in _readings(text))


def remembers(text: str) -> bool:
    """Whether a text is one of these stories, which also knows to its end who did it, with which thing, and where."""
    pairs = ("ab", "cd")  # of slots whose words differ
    return any(all(words.get(one) != words.get(other, "") for one, other in pairs) for _, words in _told(text))


def repeated(text: str) -> list[tuple[str, int, int]]:
    """Return where a story repeats a word: what it says ("person", "thing", …), and where the word begins and ends."""
    template, words = next(_told(text))
    at, before, found = 0, set(), []
    for literal, slot, *_ in Formatter().parse(template):
        at += len(literal)
        if slot:
            end = at + len(words[slot])
            if slot in before and slot in REMEMBERED:
                found.append((REMEMBERED[slot], at, end))
            before.add(slot)
            at = end
    return found


def _with_pronouns(words: dict[str, str]) -> dict[str, str]:
    she, capital, her = PEOPLE[words["a"]]
    return words | {"she": she, "She": capital, "her": her, "He": PEOPLE[words.get("b", words["a"])][1]}


def _readings(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the templates that a text fits, with the word in the first place of each slot."""
    for template, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(text):
            yield template, match.groupdict()


def _told(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the templates that make exactly this text of some words, with all these words."""
    for template, first in _readings(text):
        words = _with_pronouns(first)
        if template.format(**words) == text:
            yield template, words


def _pattern(template: str) -> re.Pattern[str]:
    made, before = "", set()
    for literal, slot, *_ in Formatter().parse(template):
        made += re.escape(literal)
        if slot:
            made += f"({'' if slot in before else f'?P<{slot}>'}{'|'.join(WORDS[slot])})"
            before.add(slot)
    return re.compile(made)


_PATTERNS = {template: _pattern(template) for kind in KINDS for template in kind}
