"""What the tests run in your process. `made` builds your model with given numbers, in float64."""


def made(submission, sizes, state, dtype="float64"):
    """Your model of these sizes, with the numbers of a state.

    Shown as:
        model = GPT(*sizes)
        model.to("float64")
        model.load_state_dict(state)
    """
    model = submission.GPT(*sizes)
    model.to(dtype)
    model.load_state_dict(state)
    return model


def plain(state):
    """The arrays of a state by name, whether your framework keeps arrays or tensors."""
    import numpy as np

    return {name: np.array(each.detach().numpy() if hasattr(each, "detach") else each) for name, each in state.items()}


def operation(_submission, name, arrays):
    """One operation of your framework, and the gradients of its arrays, from the sum of the squares of its results.

    Shown as:
        import your_framework as f
        # {name}
    """
    import numpy as np
    import your_framework as f

    def linear(x, weight):
        weight = weight.detach().numpy()
        layer = f.Linear(*weight.shape[::-1])
        layer.to("float64").load_state_dict({"weight": weight, "bias": np.zeros(len(weight))})
        return layer(x)

    def looked_up(table, ids):
        table = table.detach().numpy()
        layer = f.Embedding(*table.shape)
        layer.to("float64").load_state_dict({"weight": table})
        return layer(ids)

    programs = {
        "x @ y": lambda x, y: x @ y,
        "x.reshape(2, 3, 2, 2)": lambda x: x.reshape(2, 3, 2, 2),
        "x.transpose(1, 2)": lambda x: x.transpose(1, 2),
        "x[..., 1:3]": lambda x: x[..., 1:3],
        "cat([x, y], dim=2)": lambda x, y: f.cat([x, y], dim=2),
        "where(condition, x, y)": lambda condition, x, y: f.where(condition, x, y),
        "x.softmax(-1)": lambda x: x.softmax(-1),
        "Linear(4, 3)(x)": linear,
        "Embedding(5, 2)(ids)": looked_up,
        "LayerNorm(4)(x)": lambda x: f.LayerNorm(4)(x),
        "GELU()(x)": lambda x: f.GELU()(x),
        "CrossEntropyLoss()(x, t)": lambda x, t: f.CrossEntropyLoss()(x, t),
    }
    given = [f.Tensor(each, requires_grad=each.dtype.kind == "f") for each in arrays]
    y = programs[name](*given)
    (y * y).sum().backward()
    inside = ("Linear", "Embedding")  # their tables are parameters of the layer
    grads = [each.grad.numpy() for each in given if each.requires_grad and not name.startswith(inside)]
    return [np.array(y.detach().numpy()), *map(np.array, grads)]


def settings(_submission):
    """Whether AdamW's learning rate can be changed, with the weights after a step at 0.5 and one at 0.

    Shown as:
        import your_framework as f
        w = f.Parameter([1.0])
        optimizer = f.AdamW([w], lr=0.5, weight_decay=0)
        for lr in (0.5, 0.0):
            optimizer.zero_grad()
            (w * 2).sum().backward()
            optimizer.param_groups[0]["lr"] = lr
            optimizer.step()
    """
    import your_framework as f

    w = f.Parameter([1.0])
    optimizer, after = f.AdamW([w], lr=0.1, weight_decay=0), []
    for lr in (0.5, 0.0):
        optimizer.zero_grad()
        (w * 2).sum().backward()
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
        after.append(w.tolist()[0])
    return after


def shapes_of(submission, sizes):
    """The shapes of your model's parameters and buffers, by name.

    Shown as:
        {name: each.shape for name, each in GPT(*sizes).state_dict().items()}
    """
    return {name: [int(n) for n in each.shape] for name, each in submission.GPT(*sizes).state_dict().items()}


def logits_of(submission, sizes, state, ids):
    """The logits of your model.

    Shown as:
        model = GPT(*sizes)
        model.to("float64")
        model.load_state_dict(state)
        np.array(model(ids).detach().numpy())
    """
    import numpy as np

    return np.array(made(submission, sizes, state)(ids).detach().numpy())


def gradients(submission, sizes, state, ids, targets):
    """The loss of your model, and the gradient of each of its parameters.

    Shown as:
        from your_framework import CrossEntropyLoss
        model = GPT(*sizes)
        model.to("float64")
        model.load_state_dict(state)
        logits = model(ids)
        loss = CrossEntropyLoss()(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
        loss.backward()
        gradients = {{name: p.grad for name, p in model.named_parameters()}}
        [loss.item(), {{name: None if each is None else np.array(each.numpy()) for name, each in gradients.items()}}]
    """
    import numpy as np
    from your_framework import CrossEntropyLoss

    model = made(submission, sizes, state)
    logits = model(ids)
    loss = CrossEntropyLoss()(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
    loss.backward()
    found = {name: None if p.grad is None else np.array(p.grad.numpy()) for name, p in model.named_parameters()}
    return [loss.item(), found]


def clipped(submission, arrays, max_norm):
    """The norm that clip_grad_norm_ returns, and the gradients after it; None stands for no gradient."""
    import numpy as np
    from your_framework import Parameter, Tensor

    parameters = [Parameter(np.zeros(2) if g is None else np.zeros_like(g)) for g in arrays]
    for p, g in zip(parameters, arrays, strict=True):
        p.grad = None if g is None else Tensor(g)
    norm = submission.clip_grad_norm_(parameters, max_norm)
    return [norm, [None if p.grad is None else np.array(p.grad.numpy()) for p in parameters]]


def steps(submission, sizes, state, batches, lrs):
    """Take training steps, one for each pair of ids and targets. Return the losses and the state at the end.

    Shown as:
        from your_framework import AdamW
        model = GPT(*sizes)
        model.to("float64")
        model.load_state_dict(state)
        optimizer = AdamW(model.parameters(), weight_decay=0.01)
        losses = [float(train_step(model, optimizer, ids, targets, lr)) for (ids, targets), lr in zip(batches, lrs)]
        [losses, {{name: np.array(each.detach().numpy()) for name, each in model.state_dict().items()}}]
    """
    from your_framework import AdamW

    model = made(submission, sizes, state)
    optimizer = AdamW(model.parameters(), weight_decay=0.01)
    losses = [
        float(submission.train_step(model, optimizer, ids, targets, lr))
        for (ids, targets), lr in zip(batches, lrs, strict=True)
    ]
    return [losses, plain(model.state_dict())]


def logits_in_chunks(submission, sizes, state, ids, chunks):
    """The logits of next_logits for a text that is passed on in chunks of these lengths.

    Shown as:
        model = GPT(*sizes)
        model.to("float64")
        model.load_state_dict(state)
        cache, at, parts = None, 0, []
        for new in chunks:
            logits, cache = model.next_logits(ids[at : at + new], cache)
            parts.append(np.array(logits.detach().numpy()))
            at += new
        np.concatenate(parts)
    """
    import numpy as np

    model = made(submission, sizes, state)
    cache, at, parts = None, 0, []
    for new in chunks:
        logits, cache = model.next_logits(ids[at : at + new], cache)
        parts.append(np.array(logits.detach().numpy() if hasattr(logits, "detach") else logits))
        at += new
    return np.concatenate(parts)


def generated(submission, sizes, state, prompt, n_new, seeds, temperature):
    """What your model writes after a prompt, once for each seed.

    Shown as:
        model = GPT(*sizes)
        model.to("float64")
        model.load_state_dict(state)
        [model.generate(list(prompt), n_new, np.random.default_rng(seed), temperature) for seed in seeds]
    """
    import numpy as np

    model = made(submission, sizes, state)
    texts = [model.generate(list(prompt), n_new, np.random.default_rng(seed), temperature) for seed in seeds]
    return [[int(i) for i in text] for text in texts]


def resumed(submission, sizes, states, batches, lrs, at, dtype):
    """Train, once in one go and once with a checkpoint after some steps, from which another model continues.

    Shown as:
        model, optimizer = GPT(*sizes), AdamW(model.parameters(), weight_decay=0.01)
        # … `at` steps
        save_checkpoint("checkpoint", model, optimizer, at)
        # … the other steps; then, with a new model and a new optimiser:
        step = load_checkpoint("checkpoint", model, optimizer)
        # … the same other steps
    """
    import os
    import tempfile

    from your_framework import AdamW

    def fresh(state):
        model = made(submission, sizes, state, dtype)
        return model, AdamW(model.parameters(), weight_decay=0.01)

    def moved(model, optimizer, first, last):
        return [float(submission.train_step(model, optimizer, *batches[i], lrs[i])) for i in range(first, last)]

    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "checkpoint")
        model, optimizer = fresh(states[0])
        moved(model, optimizer, 0, at)
        submission.save_checkpoint(path, model, optimizer, at)
        files = sorted(os.listdir(place))
        losses = moved(model, optimizer, at, len(batches))
        again, optimizer = fresh(states[1])
        step = submission.load_checkpoint(path, again, optimizer)
        others = moved(again, optimizer, at, len(batches))
    return [files, int(step), losses, others, plain(model.state_dict()), plain(again.state_dict())]


def arguments_after(submission, sizes, state, ids, targets):
    """The arguments, as they are after calls of your functions."""
    import numpy as np
    from your_framework import AdamW

    model, prompt = made(submission, sizes, state), [int(i) for i in ids[0, :2]]
    model.generate(prompt, 2, np.random.default_rng(0))
    model.next_logits(ids[0], None)
    submission.train_step(model, AdamW(model.parameters()), ids, targets, 0.01)
    return [ids, targets, prompt]


def trained(submission, steps, context, seed):
    """Train your model with the supplied loop on stories of two kinds, and return its state.

    Shown as:
        import corpus, training
        from gpt import GPT, train_step
        text = corpus.of_stories(corpus.words_of, context, corpus.TWO_KINDS, seed)
        n = len(text.tokens)
        model = GPT(n, context, 64, 4, 2)
        model.load_state_dict(training.initial_state(n, np.random.default_rng(seed), context=context))
        optimizer = AdamW(model.parameters(), lr=0.006, weight_decay=0.01)
        how = {"seed": seed, "steps": steps, "context": context}
        training.train(model, optimizer, train_step, text.ids, text.starts, **how)
        model.state_dict()
    """
    import corpus
    import numpy as np
    import training
    from your_framework import AdamW

    text = corpus.of_stories(corpus.words_of, context, corpus.TWO_KINDS, seed)
    sizes = len(text.tokens), context, training.FEATURES, training.N_HEADS, training.N_BLOCKS
    state = training.initial_state(sizes[0], np.random.default_rng(seed), context=context)
    model = made(submission, sizes, state, "float32")
    optimizer = AdamW(model.parameters(), lr=training.LEARNING_RATE, weight_decay=training.WEIGHT_DECAY)
    how = {"seed": seed, "steps": steps, "context": context}
    training.train(model, optimizer, submission.train_step, text.ids, text.starts, **how)
    return plain(model.state_dict())
