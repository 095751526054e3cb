"""What happens in a watch session, as data. The module `view` shows it and makes the sentences about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    # To see in the state. `failure` is the first failure during a grading; `test` is the next failing test.
    "kata", "verdict", "failure", "test", "hint", "list", "question",
    # To tell in a sentence. `said` is a message of another package, as it is.
    "said", "missing", "stopped", "not passed", "all done", "no failure", "no other failure", "no hints", "kept",
    "drawing", "drawn", "not drawn", "no program",
]  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that has happened. `about` holds the names of files, or texts."""

    kind: Kind
    about: tuple[str, ...] = ()
