"""Draw a training of the model on this framework beside the same training in PyTorch: losses and their difference."""

import corpus
import numpy as np
import torch
import torch.nn.functional as F
import training
from gpt import GPT, train_step
from your_framework import AdamW

STEPS, CONTEXT = 600, 32


class TwinBlock(torch.nn.Module):
    def __init__(self, d, n_heads):
        super().__init__()
        self.n_heads, (self.ln1, self.ln2) = n_heads, (torch.nn.LayerNorm(d) for _ in range(2))
        self.qkv, self.proj = torch.nn.Linear(d, 3 * d), torch.nn.Linear(d, d)
        self.mlp_in, self.mlp_out = torch.nn.Linear(d, 4 * d), torch.nn.Linear(4 * d, d)

    def forward(self, x):
        heads = (each.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for each in self.qkv(self.ln1(x)).chunk(3, -1))
        x = x + self.proj(F.scaled_dot_product_attention(*heads, is_causal=True).transpose(1, 2).flatten(-2))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.ln2(x))))


class Twin(torch.nn.Module):
    def __init__(self, characters, context, d, n_heads, n_blocks):
        super().__init__()
        self.tokens, self.positions = torch.nn.Embedding(characters, d), torch.nn.Embedding(context, d)
        self.blocks = torch.nn.ModuleList([TwinBlock(d, n_heads) for _ in range(n_blocks)])
        self.norm = torch.nn.LayerNorm(d)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T


def twin_step(model, optimizer, ids, targets, lr):
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad()
    loss = F.cross_entropy(model(torch.tensor(ids)).flatten(0, 1), torch.tensor(targets).flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def trained(model, optimizer, step, ids, state):
    model.load_state_dict(state)
    return np.array(training.train(model, optimizer, step, ids, seed=0, steps=STEPS, context=CONTEXT)) / np.log(2)


def draw(figure):
    torch.set_num_threads(1)
    ids, held_back, characters = corpus.divided(corpus.read())
    sizes = len(characters), CONTEXT, training.FEATURES, training.N_HEADS, training.N_BLOCKS
    state = training.initial_state(len(characters), np.random.default_rng(0), context=CONTEXT)
    how = {"lr": training.LEARNING_RATE, "weight_decay": training.WEIGHT_DECAY}
    own, twin = GPT(*sizes), Twin(*sizes)
    losses = trained(own, AdamW(own.parameters(), **how), train_step, ids, state)
    tensors = {name: torch.tensor(each) for name, each in state.items()}
    others = trained(twin, torch.optim.AdamW(twin.parameters(), **how), twin_step, ids, tensors)
    figure.set_size_inches(10, 3.6)
    left, right = figure.subplots(1, 2)
    left.plot(others, color="0.6", linewidth=3, label="PyTorch")
    left.plot(losses, color="C0", linewidth=0.8, label="your framework")
    bigram = training.n_gram_bits(ids, held_back, len(characters), 2)
    left.axhline(bigram, linestyle="--", color="C3", label="bigram, held-back text")
    left.set(xlabel="step", ylabel="bits per character", title="The same numbers, the same passages", ylim=(2, 7))
    left.legend(fontsize=8)
    largest = np.abs(losses - others).reshape(-1, 20).max(axis=1)  # a single difference is often exactly 0
    right.semilogy(np.arange(10, STEPS, 20), largest, ".-", color="C0")
    eps = np.finfo(np.float32).eps * losses.mean()
    right.axhline(eps, linestyle=":", color="0.4", label="one rounding of a float32 loss")
    right.set(xlabel="step", ylabel="bits", title="Largest difference in 20 steps", ylim=(1e-8, 1e-3))
    right.legend(fontsize=8)
