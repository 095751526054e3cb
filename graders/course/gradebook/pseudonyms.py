"""Give people pseudonyms that stay the same, and hide their names in texts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterable

from graders.course.gradebook.groups import Groups
from graders.course.gradebook.people import Directory, Listing
from graders.course.gradebook.review_tables import PseudonymKeyRow
from graders.course.gradebook.transaction import Transaction

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
        names = sorted({name for each in everyone for name in self._names(each)}, key=len, reverse=True)
        return _without(text, names, self.of(person))

    def _names(self, person: str) -> set[str]:
        listing = self._listings.get(person) or Listing(person, None, ())
        found = {person, *(name for name, _ in listing.names)}
        if listing.roster is not None:
            found |= {listing.roster.name, listing.roster.email, listing.roster.email.partition("@")[0]}
            found |= {part for part in re.split(r"[\s,]+", listing.roster.name) if len(part) > 2}
            found |= {value for _, value in listing.roster.ids}
        return {name for name in found if len(name) > 1}


def _without(text: str, names: Iterable[str], instead: str) -> str:
    """Replace whole words, in upper and lower case."""
    pattern = "|".join(map(re.escape, names))
    return re.sub(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", instead, text, flags=re.IGNORECASE) if pattern else text
