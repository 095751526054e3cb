"""A tutorial: what a gradient is here, why it is right, and how to train a network with it.

Type the examples, or let Python check them: `python -m your_framework.tutorial` prints nothing if all are right.

1. A tensor remembers how it was computed.

>>> from your_framework import Adam, CrossEntropyLoss, Linear, Module, ReLU, Tensor, manual_seed, no_grad
>>> w, x, b = (Tensor(number, requires_grad=True) for number in (2.0, 3.0, 1.0))
>>> y = (w * x + b) ** 2
>>> y.item()
49.0

2. `backward` applies the chain rule from y back to w, x and b. The square passes on 2 · 7 = 14, the sum hands 14 to
both of its operands, and the product multiplies it by the other factor: 14 · 3 for w, and 14 · 2 for x.

>>> y.backward()
>>> w.grad.item(), x.grad.item(), b.grad.item()
(42.0, 28.0, 14.0)

3. You needn't believe it: change w a little, and see how much y changes. That is what the gradient says. In float64,
the difference quotient agrees with it to many digits.

>>> import numpy as np
>>> def f(w):
...     return (w * 3.0 + 1.0) ** 2
>>> eps = 1e-6
>>> quotient = (f(Tensor(np.array(2.0 + eps))) - f(Tensor(np.array(2.0 - eps)))) / (2 * eps)
>>> round(quotient.item(), 5)
42.0

4. A tensor that is used twice gets two contributions. That's why gradients add up in `.grad`, and why an optimiser
clears them before the next step.

>>> w = Tensor(5.0, requires_grad=True)
>>> (w * w).backward()  # 5 from either factor
>>> w.grad.item()
10.0

5. Now a network. The classes are the inside and the outside of a circle, so no straight line separates them.

>>> rng = np.random.default_rng(0)
>>> points = rng.uniform(-1, 1, (200, 2)).astype(np.float32)
>>> inside = ((points**2).sum(axis=1) < 0.6).astype(np.int64)
>>> class Circle(Module):
...     def __init__(self):
...         self.hidden, self.relu, self.output = Linear(2, 16), ReLU(), Linear(16, 2)
...
...     def forward(self, x):
...         return self.output(self.relu(self.hidden(x)))
>>> manual_seed(0)
>>> model = Circle()
>>> optimizer, criterion = Adam(model.parameters(), lr=0.02), CrossEntropyLoss()
>>> losses = []
>>> for _ in range(300):
...     optimizer.zero_grad()  # forget the last step's gradients
...     loss = criterion(model(Tensor(points)), inside)
...     loss.backward()  # a gradient for every parameter
...     optimizer.step()  # a small step against it
...     losses.append(loss.item())  # a number; the tensor would keep the whole graph
>>> losses[0] > 0.6, losses[-1] < 0.1
(True, True)

6. Does it know points that it hasn't seen? Nothing is recorded inside `no_grad`, which saves time and memory.

>>> new = rng.uniform(-1, 1, (1000, 2)).astype(np.float32)
>>> with no_grad():
...     answers = np.array(model(Tensor(new)).max(dim=1).indices.tolist())
>>> bool((answers == ((new**2).sum(axis=1) < 0.6)).mean() > 0.95)
True
"""

if __name__ == "__main__":
    import doctest

    doctest.testmod()
