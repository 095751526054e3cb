"""Draw what the supplied program draws, after a whole training: the loss, the characters and the attention."""

import corpus
import training
from language_model import forward, train_step


def draw(figure):
    ids, held_back, characters = corpus.divided(corpus.read())
    params, losses = training.train(train_step, ids, len(characters), seed=0)
    figure.set_size_inches(10, 7)
    n_grams = {n: training.n_gram_bits(ids, held_back, len(characters), n) for n in (2, 5)}
    bits = training.bits_per_character(forward, params, held_back)
    training.draw(figure, params, losses, n_grams, bits, characters, "The network learns")
