"""Draw what the supplied program draws, after a whole training: the loss, the words and the attention."""

import corpus
import numpy as np
import training
from language_model import forward, next_logits, train_step


def draw(figure):
    text = corpus.of_stories(training.byte_pairs_of, training.CONTEXT)
    params, losses = training.train(train_step, text.ids, text.starts, len(text.tokens), seed=0)
    n_grams = {n: corpus.n_gram_bits(text, n) for n in (2, 5)}
    bits = training.bits_per_token(forward, params, text)
    line = training.written(
        next_logits, params, text.tokens, corpus.beginning(text.unseen[0]), np.random.default_rng(0)
    )
    figure.set_size_inches(12, 7)
    training.draw(figure, params, losses, n_grams, bits, text.tokens, line)
