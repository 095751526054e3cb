"""The pieces into which your functions cut a text (supplied)."""

import sys
from collections.abc import Callable
from pathlib import Path

LETTERS, MERGES = 24_000, (0, 20, 100, 300)
NEW = "This sentence is new to it, but most of its pieces are old friends."
OTHERS = (
    "Das ist ein Satz in einer anderen Sprache.",
    "Это предложение на другом языке.",
    "for place in range(len(ids)):",
)
COLOURS = ("\033[30;106m", "\033[30;103m", "\033[30;102m", "\033[30;105m")


def main(train: Callable, encode: Callable, decode: Callable) -> None:
    """Learn pieces from the READMEs beside this folder, or from a text file, and print sentences cut into them."""
    if sys.argv[1:]:
        text, place = Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[1]
    else:
        files = sorted(Path(__file__).resolve().parent.parent.glob("*/README.md"))
        lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()[:40]]
        # Sentences, without titles, tables and code.
        text, place = "\n".join(line for line in lines if line[:1].isalpha()), f"{len(files)} READMEs"
    text = text[:LETTERS]
    print(f"{len(text)} characters from {place}: looking for {MERGES[-1]} pieces", flush=True)
    merges = [tuple(map(int, pair)) for pair in train(text, MERGES[-1])]
    names = [decode([256 + number], merges) for number in range(len(merges))]
    print(f"\nThe first: {listed(names[:16])}\nThe longest: {listed(sorted(names, key=len, reverse=True)[:12])}\n")
    for count in MERGES:
        ids = encode(NEW, merges[:count])
        print(f"{min(count, len(merges)):3} merges, {len(ids):2} tokens:  {cut(ids, merges[:count], decode)}")
    print("\nOther languages, with all merges (bytes for each token; a piece of a letter is �):\n")
    for sentence in OTHERS:
        ids = encode(sentence, merges)
        print(f"{len(sentence.encode()) / len(ids):.2f}  {cut(ids, merges, decode)}")


def listed(names: list[str]) -> str:
    """Return pieces one after the other, where ␣ is the space and ⏎ the end of a line."""
    return "  ".join(name.replace(" ", "␣").replace("\n", "⏎") for name in names)


def cut(ids: list[int], merges: list[tuple[int, int]], decode: Callable) -> str:
    """Return a text with a colour for each token or, outside a terminal, with bars between the tokens."""
    pieces = [decode([each], merges) for each in ids]
    if not sys.stdout.isatty():
        return "|".join(pieces)
    return "".join(f"{COLOURS[place % len(COLOURS)]}{piece}" for place, piece in enumerate(pieces)) + "\033[0m"
