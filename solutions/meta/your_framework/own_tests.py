"""The framework's own tests. docs/tutorials has its tutorials, benchmarks/ its benchmarks. bonus.py reports:

own tests passed: 2 of 2
planted faults noticed: 12 of 12
doctest examples passed: 1 of 1

>>> (Tensor([1.0, 2.0]) * 3).tolist()
[3.0, 6.0]
"""

import your_framework as nn
from your_framework import Tensor


def test_gradients_losses_and_steps():
    x, y = Tensor([0.0, -1e3], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    (x.exp() * y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([3.0, 0.0], [1.0, 0.0])
    assert nn.MSELoss()(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item() == 2.0
    rows, classes = Tensor([[0.0, 0.0], [0.0, 0.0]]), Tensor([0, 1])
    assert round(nn.CrossEntropyLoss()(rows, classes).item(), 4) == 0.6931
    w = Tensor([1.0], requires_grad=True)
    (w * w).sum().backward()
    nn.SGD([w], lr=0.25).step()
    assert w.tolist() == [0.5]
    assert [len(batch) for (batch,) in nn.DataLoader((Tensor([1.0, 2.0, 3.0]),), batch_size=2)] == [2, 1]


def test_layers_and_states():
    layer, other, x = nn.Linear(2, 1), nn.Linear(2, 1), Tensor([[0.0, 0.0]])
    layer.bias.data[:] = 1
    other.load_state_dict(layer.state_dict())
    assert layer(x).tolist() == other(x).tolist() == [[1.0]]
    assert nn.ReLU()(Tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert nn.MaxPool2d(2)(Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).tolist() == [[[[4.0]]]]
    drop, ones = nn.Dropout(0.5), Tensor([1.0] * 100)
    assert set(drop(ones).tolist()) == {0.0, 2.0}
    assert set(drop.eval()(ones).tolist()) == {1.0}
