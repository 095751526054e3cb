"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""


def softmax_and_loss(_submission, logits, targets):
    """Call both functions of exercise 4.

    Shown as:
        from softmax_cross_entropy import cross_entropy, softmax
        [softmax(logits), cross_entropy(logits, targets)]
    """
    from softmax_cross_entropy import cross_entropy, softmax

    return [softmax(logits.copy()).copy(), cross_entropy(logits.copy(), targets.copy())]


def layer_norm(_submission, x, gamma, beta):
    """Call the layer norm of exercise 9.

    Shown as:
        from layer_norm import layer_norm
        layer_norm(x, gamma, beta)
    """
    from layer_norm import layer_norm

    return layer_norm(x, gamma, beta)


def clipped(_submission, grads, max_norm):
    """Clip gradients with exercise 11.

    Shown as:
        from optimizers import clip_by_norm
        clip_by_norm(grads, max_norm)
    """
    from optimizers import clip_by_norm

    return clip_by_norm(grads, max_norm)


def adamw_steps(_submission, param, grads, lr):
    """Move an array by one step of exercise 11's AdamW for each gradient.

    Shown as:
        from optimizers import adamw
        state = None
        for grad in grads:
            param, state = adamw(param, grad, state, lr)
        param
    """
    from optimizers import adamw

    state = None
    for grad in grads:
        param, state = adamw(param, grad, state, lr)
    return param


def warmup_cosine(_submission, step, lr, warmup, total, lr_min):
    """Call the schedule of exercise 11.

    Shown as:
        from optimizers import warmup_cosine
        warmup_cosine(step, lr, warmup, total, lr_min)
    """
    from optimizers import warmup_cosine

    return warmup_cosine(step, lr, warmup, total, lr_min)


def embedded(_submission, table, ids, dy):
    """Call both functions of exercise 13 that belong to a table.

    Shown as:
        from words import embed, embed_gradient
        [embed(table, ids), embed_gradient(dy, ids, len(table))]
    """
    from words import embed, embed_gradient

    return [embed(table, ids), embed_gradient(dy, ids, len(table))]


def byte_pairs(_submission, text, n_merges):
    """Learn merges with exercise 17, and use them on the same text.

    Shown as:
        from byte_pairs import decode, encode, train
        merges = train(text, n_merges)
        [merges, encode(text, merges), decode(encode(text, merges), merges)]
    """
    from byte_pairs import decode, encode, train

    merges = train(text, n_merges)
    return [merges, encode(text, merges), decode(encode(text, merges), merges)]


def heads(_submission, x, n_heads):
    """Split the features into heads with exercise 14, and merge them again.

    Shown as:
        from attention import merge_heads, split_heads
        [split_heads(x, n_heads), merge_heads(split_heads(x, n_heads))]
    """
    from attention import merge_heads, split_heads

    return [split_heads(x, n_heads), merge_heads(split_heads(x, n_heads))]


def block(_submission, x, dy, params, n_heads):
    """Call the block of exercise 15 and its gradient.

    Shown as:
        from transformer_block import block, block_gradient
        y, cache = block(x, params, n_heads)
        [y, *block_gradient(dy, cache, params, n_heads)]
    """
    from transformer_block import block, block_gradient

    y, cache = block(x, params, n_heads)
    return [y, *block_gradient(dy, cache, params, n_heads)]


def gelu(_submission, x):
    """Call the GELU of exercise 15.

    Shown as:
        from transformer_block import gelu
        gelu(x)
    """
    from transformer_block import gelu

    return gelu(x)


def layer_norm_gradient(_submission, dy, x, gamma):
    """Call the layer norm's gradient of exercise 15.

    Shown as:
        from transformer_block import layer_norm_gradient
        layer_norm_gradient(dy, x, gamma)
    """
    from transformer_block import layer_norm_gradient

    return layer_norm_gradient(dy, x, gamma)


def attended_in_chunks(_submission, q, k, v, chunks):
    """Call exercise 18's attention with a cache, with so many tokens at a time.

    Shown as:
        from writing import attend_with_cache
        cache, at, parts = None, 0, []
        for new in chunks:
            part = slice(at, at + new)
            y, cache = attend_with_cache(q[:, part], k[:, part], v[:, part], cache)
            parts.append(y)
            at += new
        np.concatenate(parts, axis=1)
    """
    import numpy as np
    from writing import attend_with_cache

    cache, at, parts = None, 0, []
    for new in chunks:
        part = slice(at, at + new)
        y, cache = attend_with_cache(q[:, part], k[:, part], v[:, part], cache)
        parts.append(y)
        at += new
    return np.concatenate(parts, axis=1)


def logits_of(submission, params, ids, n_heads):
    """The logits of forward, without its cache.

    Shown as:
        forward(params, ids, n_heads)[0]
    """
    return submission.forward(params, ids, n_heads)[0]


def steps(submission, params, batches, n_heads, lrs):
    """Take training steps, one for each pair of ids and targets. Return the losses and the parameters at the end.

    Shown as:
        state, losses = None, []
        for (ids, targets), lr in zip(batches, lrs):
            params, state, loss = train_step(params, state, ids, targets, n_heads, lr)
            losses.append(float(loss))
        [losses, params]
    """
    state, losses = None, []
    for (ids, targets), lr in zip(batches, lrs, strict=True):
        params, state, loss = submission.train_step(params, state, ids, targets, n_heads, lr)
        losses.append(float(loss))
    return [losses, params]


def logits_in_chunks(submission, params, ids, n_heads, chunks):
    """The logits of next_logits for a text that is passed on in chunks of these lengths.

    Shown as:
        cache, at, parts = None, 0, []
        for new in chunks:
            logits, cache = next_logits(params, ids[at : at + new], cache, n_heads)
            parts.append(logits)
            at += new
        np.concatenate(parts)
    """
    import numpy as np

    cache, at, parts = None, 0, []
    for new in chunks:
        logits, cache = submission.next_logits(params, ids[at : at + new], cache, n_heads)
        parts.append(np.array(logits))
        at += new
    return np.concatenate(parts)


def written(submission, params, prompt, n_new, n_heads, seed):
    """The ids that exercise 18's `write` makes of a prompt with your next_logits.

    Shown as:
        from writing import write
        step = lambda new, cache: next_logits(params, np.array(new), cache, n_heads)
        write(step, prompt, n_new, np.random.default_rng(seed))
    """
    import numpy as np
    from writing import write

    def step(new, cache):
        return submission.next_logits(params, np.array(new), cache, n_heads)

    return write(step, prompt, n_new, np.random.default_rng(seed))


def arguments_after(submission, name, arguments):
    """The arguments, as they are after a call of one of your functions."""
    getattr(submission, name)(*arguments)
    return list(arguments)


def trained(submission, steps, context, seed):
    """Train your model with the supplied loop on stories of two kinds, and return its parameters.

    Shown as:
        import corpus, training
        from language_model import train_step
        text = corpus.of_stories(corpus.words_of, context, corpus.TWO_KINDS, seed)
        how = {"seed": seed, "steps": steps, "context": context}
        params, _ = training.train(train_step, text.ids, text.starts, len(text.tokens), **how)
        params
    """
    import corpus
    import training

    text = corpus.of_stories(corpus.words_of, context, corpus.TWO_KINDS, seed)
    return training.train(
        submission.train_step, text.ids, text.starts, len(text.tokens), seed=seed, steps=steps, context=context
    )[0]
