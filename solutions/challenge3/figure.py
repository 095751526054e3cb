"""Show what the trained classifier looks at in six sentences."""

import math

import torch
from attention import EPOCHS, AttentionClassifier, explain, train
from corpus import make_corpus

SENTENCES = (
    "This movie was absolutely terrible and boring",
    "What a film, so gripping and utterly superb",
    "The plot was not good",
    "It is a horror film and yet never dull",
    "My friend found the music nice and yet this drama was awful",
    "It is a love story by Zorbam, the cast was charming",
)


def draw(figure):
    """Draw a row for each sentence and a cell for each word, darker for larger weights."""
    torch.set_num_threads(1)
    corpus = make_corpus(seed=0)
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=EPOCHS, seed=0)
    told = [explain(model, corpus, sentence) for sentence in SENTENCES]
    longest = max(len(each.weights) for each in told)
    table = [[weight for _, weight in each.weights] + [math.nan] * (longest - len(each.weights)) for each in told]
    figure.set_size_inches(7.6, 3.0)
    axes = figure.subplots()
    cells = axes.pcolormesh(table, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1.5)
    for row, each in enumerate(told):
        for place, (word, weight) in enumerate(each.weights):
            colour = "white" if weight > 0.6 else "black"
            axes.text(place + 0.5, row + 0.5, word, ha="center", va="center", fontsize=6.5, color=colour)
    axes.set(yticks=[row + 0.5 for row in range(len(told))], yticklabels=[each.prediction for each in told], xticks=())
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("Attention weights, and what the model says")
    figure.colorbar(cells, label="weight", aspect=30)
