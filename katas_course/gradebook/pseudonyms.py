"""Give people pseudonyms that stay the same, and hide their names in texts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from katas_course.gradebook.database import Transaction
from katas_course.gradebook.groups import Groups
from katas_course.gradebook.people import Directory, Listing
from katas_course.gradebook.tables import PseudonymKeyRow

_LETTERS = 7  # with 1000 people, the chance that two of them share a pseudonym is 1 in 70 000


class Pseudonyms:
    """Everyone's pseudonyms. They depend on a secret key in the gradebook, so they cannot be guessed from a name."""

    def __init__(self, transaction: Transaction) -> None:
        row = transaction.session.get(PseudonymKeyRow, 1)
        if row is None:
            row = PseudonymKeyRow(id=1, key=os.urandom(32).hex())
            transaction.session.add(row)
            transaction.session.flush()
        self._key = bytes.fromhex(row.key)
        directory = Directory(transaction)
        self._listings = {listing.id: listing for listing in directory.listings()}
        self._groups = Groups(directory.roster, ())

    def of(self, person: str) -> str:
        """Return the pseudonym of the person with this id."""
        digest = hmac.digest(self._key, person.encode(), hashlib.sha256)
        return f"Person {base64.b32encode(digest).decode()[:_LETTERS]}"

    def hidden(self, text: str, person: str) -> str:
        """Return a text with the names and ids of a person and of their group replaced by the pseudonym."""
        everyone = (person, *self._groups.mates(person))
        return without(text, [each for one in everyone for each in self._names(one)], self.of(person))

    def _names(self, person: str) -> Iterator[tuple[str, ...]]:
        """Yield the names and ids of a person, each as its words."""
        listing = self._listings.get(person) or Listing(person, None, ())
        texts = [person, *(name for name, _ in listing.names)]
        if (known := listing.roster) is not None:
            texts += [known.name, known.email, known.email.partition("@")[0], *(value for _, value in known.ids)]
        for text in texts:
            if len(text) > 1:
                yield tuple(re.split(r"[\W_]+", text))
            if len(text.split()) > 1:
                yield from _orders(text)


def _orders(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a full name one by one, and in the orders and short forms that people use."""
    words = tuple(word for word in re.split(r"[\s,]+", name) if word)
    first, last = words[0], words[-1]
    for several in ((last, *words[:-1]), (first, last), (last, first), (first[0], last), (last, first[0])):
        yield tuple(part for word in several for part in re.split(r"[\W_]+", word))
    yield from ((part,) for part in re.split(r"[\W_]+", name) if len(part) > 2)


# ------------------------------------------------------------------------------------ names in texts

_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_PLAIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i"})
_CHARACTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|.", re.DOTALL)
_EDGE = "\x1f"  # marks where in a folded text a word begins without a separator, as in ZoeMueller2
_LONG = 8  # the letters of a full name that is also found inside of a word


def without(text: str, names: Iterable[Sequence[str]], instead: str) -> str:
    """Replace names, each given as its words, however they are written.

    Upper and lower case, accents, Unicode forms, invisible characters and the escapes of JSON and Python do not matter.
    An umlaut is also found without its dots and as two letters. There may be any separator between the words of a name,
    or none.
    """
    names = list(names)
    folded = {tuple(_Folded(word, spelt=spelt).letters for word in name) for name in names for spelt in (True, False)}
    longest_first = sorted(filter(any, folded), key=lambda words: (-len("".join(words)), words))
    patterns = [_pattern(words) for words in longest_first]
    for spelt in (True, False) if patterns else ():
        shown = _Folded(text, spelt=spelt)
        for match in reversed(list(re.finditer("|".join(patterns), shown.text))):
            start, end = shown.starts[match.start()], shown.ends[match.end() - 1]
            text = text[:start] + instead + text[end:]
    return text


def _pattern(words: Sequence[str]) -> str:
    words = [word for word in words if word]
    between = r"(?:[^\w\\]|_){0,4}".join(f"{_EDGE}?".join(map(re.escape, word)) for word in words)
    inside = len(words) > 1 and len("".join(words)) >= _LONG and min(map(len, words)) > 1
    return between if inside else rf"(?<![^\W_]){between}(?![^\W_])"


class _Folded:
    """A text in lower case without accents, with the positions in the text from which its characters come."""

    def __init__(self, text: str, *, spelt: bool) -> None:
        self.text, self.starts, self.ends = "", list[int](), list[int]()
        groups: list[tuple[int, int, str]] = []  # characters with the marks that follow them
        for match in _CHARACTER.finditer(text):
            character = match.group()
            character = chr(int(character[2:], 16)) if len(character) > 1 else character
            start, before = match.start(), ""
            if groups and (unicodedata.combining(character) or unicodedata.category(character) == "Cf"):
                start, _, before = groups.pop()
            groups.append((start, match.end(), before + character))
        parts = []
        for number, (start, end, group) in enumerate(groups):
            after = groups[number + 1][2] if number + 1 < len(groups) else ""
            folded = _without_accents(group, spelt=spelt)
            if number and _is_edge(groups[number - 1][2], group, after):
                folded = _EDGE + folded
            parts.append(folded)
            self.starts += [start] * len(folded)
            self.ends += [end] * len(folded)
        self.text = "".join(parts)

    @property
    def letters(self) -> str:
        return self.text.replace(_EDGE, "")


def _without_accents(group: str, *, spelt: bool) -> str:
    if group.isascii():
        return group.lower()
    letter = unicodedata.normalize("NFC", "".join(each for each in group if unicodedata.category(each) != "Cf"))
    letter = letter.casefold().translate(_SPELT) if spelt else letter.casefold()
    plain = "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
    return plain.casefold().translate(_PLAIN)


def _is_edge(before: str, group: str, after: str) -> bool:
    """Return whether a word begins with `group`: a capital, or a digit among letters."""
    before, group, after = before[:1], group[:1], after[:1]
    if not (before.isalnum() and group.isalnum()):
        return False
    capital = group.isupper() and (before.islower() or (before.isupper() and after.islower()))
    return capital or before.isdigit() != group.isdigit()
