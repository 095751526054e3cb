"""Draw a model of letters: its probabilities, its perplexity against the smoothing, and learned vectors."""

import numpy as np
from matplotlib.colors import PowerNorm
from words import bigram_counts, bigram_probabilities, embed, embed_gradient, perplexity

LETTERS = " abcdefghijklmnopqrstuvwxyz"
READ = """
It was a quiet evening in the village, and the only sound came from the kitchen, where my grandmother was cooking a
soup of onions and potatoes. She never used a recipe. When I asked her how she knew what was missing, she tasted the
soup, thought for a moment and gave me an answer that I have kept ever since: the soup tells you, but you have to ask
it often. I did not understand her then. I liked numbers better than soup, and a question should have one answer, which
you could find at the back of the book. Years later I built a small machine that had to learn how to balance a stick.
At first it only knocked the stick over, quickly and with great force. I changed one thing, and then another, and
nothing helped. On the third day I remembered the kitchen. The machine was asking too seldom! It looked at the stick
twice in a second, and by the time it moved, the stick had fallen somewhere else. I let it look a hundred times in a
second, and it learned within the hour. Since then I have met the same mistake everywhere: in gardens, in companies and
in letters to old friends. People make a plan, close their eyes and run. It is not that the plan is bad. The world
just does not wait, and a question that was right in the morning may be quite wrong at night. So when a student comes
to me with a clever idea, I do not ask how good it is. I ask how soon we will know, and what we shall do on the day
after that. Most of them smile and think that I am joking. A few of them go away and come back with something small
and dull that works, and these are the people whom I would trust with my soup.
"""
NEW = """
The train stopped on a bridge between two stations, and after a while the lights went out as well. No one said a word.
Then a child on the other side of the carriage began to count aloud, slowly, as if each number had to be picked from
a tree. At sixty an old man joined in with a deep voice, and by the time they had reached one hundred the whole
carriage was counting. I do not know why it made us so happy. When the train moved again at three hundred and twelve,
there was a kind of sigh, and we all looked out of the window and were strangers once more.
"""
VOWELS = "aeiou"


def letters(text):
    """Return the numbers of the letters in a text, where everything between two words counts as one space."""
    kept = "".join(each if each in LETTERS else " " for each in text.lower())
    return np.array([LETTERS.index(each) for each in " ".join(kept.split())])


def draw(figure):
    """Draw the three plots side by side."""
    figure.set_size_inches(10.5, 3.9)
    table, smoothing, plane = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
    counts = bigram_counts(letters(READ), len(LETTERS))
    draw_probabilities(table, bigram_probabilities(counts, 0.1))
    draw_smoothing(smoothing, counts)
    draw_vectors(plane, counts)


def draw_probabilities(ax, p):
    """Draw the probability of each letter after each other letter, darker if it is larger."""
    ax.imshow(p, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    names = ["␣", *LETTERS[1:]]
    ax.set_xticks(range(len(names)), names, fontsize=6.5)
    ax.set_yticks(range(len(names)), names, fontsize=6.5)
    ax.tick_params(length=0, pad=2)
    ax.set(title="Probability of the next letter", xlabel="the letter after", ylabel="the letter before")


def draw_smoothing(ax, counts):
    """Draw the perplexity of the text that was counted and of a new one against the smoothing."""
    smoothing = np.geomspace(1e-3, 1e2, 41)
    models = [bigram_probabilities(counts, s) for s in smoothing]
    for text, name, style in ((NEW, "a new text", "-"), (READ, "the text that was counted", "--")):
        ax.semilogx(smoothing, [perplexity(p, letters(text)) for p in models], style, color="tab:purple", label=name)
    ax.axhline(len(LETTERS), color="tab:grey", linewidth=1, linestyle=":")
    ax.annotate("a guess among 27", (1e-3, len(LETTERS)), (2, 3), textcoords="offset points", fontsize=8)
    ax.set(title="Smoothing helps with new texts", xlabel="smoothing", ylabel="perplexity", ylim=(0, 30))
    ax.legend(fontsize=8, loc="lower right")


def draw_vectors(ax, counts):
    """Draw a learned vector for each letter."""
    for (x, y), letter in zip(learned(counts)[1:], LETTERS[1:], strict=True):
        colour = "tab:red" if letter in VOWELS else "tab:blue"
        ax.text(x, y, letter, color=colour, ha="center", va="center", weight="bold")
        ax.plot(x, y, alpha=0)
    ax.set(title="Two learned features", xlabel="feature 1", ylabel="feature 2")


def learned(counts, features=2, steps=400):
    """Learn a table (letters, features) that predicts the next letter by a linear layer and a softmax."""
    before, after = np.nonzero(counts)
    share = counts[before, after] / counts.sum()
    rng = np.random.default_rng(13)
    table, W, b = 0.1 * rng.standard_normal((27, features)), 0.1 * rng.standard_normal((27, features)), np.zeros(27)
    for _ in range(steps):
        y = embed(table, before)
        p = np.exp(y @ W.T + b)
        p /= p.sum(axis=1, keepdims=True)
        dz = share[:, None] * (p - np.eye(27)[after])
        gradient = embed_gradient(dz @ W, before, 27)
        W, b, table = W - 4 * dz.T @ y, b - 4 * dz.sum(axis=0), table - 4 * gradient
    return table
