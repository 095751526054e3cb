"""Draw a training of the model on this framework beside the same training in PyTorch: losses and their difference."""

import importlib.util
from pathlib import Path

import corpus
import numpy as np
import torch
import training
from gpt import GPT, train_step
from your_framework import AdamW

_TESTS = Path(training.__file__).with_name("test_milestone4.py")
_SPEC = importlib.util.spec_from_file_location("visible_milestone4", _TESTS)
visible = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(visible)

STEPS, CONTEXT = 600, 38


def twin_step(model, optimizer, ids, targets, lr):
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad()
    loss = visible.twin_loss(model, ids, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def trained(model, optimizer, step, text, state):
    model.load_state_dict(state)
    how = {"seed": 0, "steps": STEPS, "context": CONTEXT}
    return np.array(training.train(model, optimizer, step, text.ids, text.starts, **how)) / np.log(2)


def draw(figure):
    torch.set_num_threads(1)
    text = corpus.of_stories(corpus.words_of, CONTEXT)
    sizes = len(text.tokens), CONTEXT, training.FEATURES, training.N_HEADS, training.N_BLOCKS
    state = training.initial_state(len(text.tokens), np.random.default_rng(0), context=CONTEXT)
    how = {"lr": training.LEARNING_RATE, "weight_decay": training.WEIGHT_DECAY}
    own, twin = GPT(*sizes), visible.Twin(*sizes)
    losses = trained(own, AdamW(own.parameters(), **how), train_step, text, state)
    tensors = {name: torch.tensor(each) for name, each in state.items()}
    others = trained(twin, torch.optim.AdamW(twin.parameters(), **how), twin_step, text, tensors)
    figure.set_size_inches(10, 3.6)
    left, right = figure.subplots(1, 2)
    left.plot(others, color="0.6", linewidth=3, label="PyTorch")
    left.plot(losses, color="C0", linewidth=0.8, label="your framework")
    bigram = corpus.n_gram_bits(text, 2)
    left.axhline(bigram, linestyle="--", color="C3", label="bigram, held-back text")
    left.set(xlabel="step", ylabel="bits per token", title="The same numbers, the same passages", ylim=(0, 7))
    left.legend(fontsize=8)
    largest = np.abs(losses - others).reshape(-1, 20).max(axis=1)  # a single difference is often exactly 0
    right.semilogy(np.arange(10, STEPS, 20), largest, ".-", color="C0")
    eps = np.finfo(np.float32).eps * losses.mean()
    right.axhline(eps, linestyle=":", color="0.4", label="one rounding of a float32 loss")
    right.set(xlabel="step", ylabel="bits", title="Largest difference in 20 steps", ylim=(1e-8, 1))
    right.legend(fontsize=8)
