"""The engine: Function, Node, run_backward. Like torch.autograd, edges point to nodes and not to tensors, so that an
in-place operation only has to rebase its tensor onto another node."""

import heapq
import itertools

import numpy as np

_sequence = itertools.count()


class _GradMode:
    enabled = True


class AccumulateGrad:
    seq = -1

    def __init__(self, variable):
        self.variable = variable


class Node:
    __slots__ = ("fn", "next_edges", "seq", "_saved", "attributes", "needs", "freed")

    def __init__(self, fn, needs):
        self.fn, self.needs, self.seq = fn, needs, next(_sequence)
        self._saved, self.attributes, self.freed = (), {}, False

    def save_for_backward(self, *tensors):
        self._saved = [(t, t._version) for t in tensors]

    @property
    def saved_tensors(self):
        for t, version in self._saved:
            if t._version != version:
                raise RuntimeError(
                    f"one of the tensors of shape {t.shape} needed for gradient computation has been modified by an "
                    f"inplace operation: it is at version {t._version}; expected version {version}"
                )
        return [t.data for t, _ in self._saved]


class Function:
    """forward(ctx, *arrays, **options) -> array; backward(ctx, g) -> a gradient for each array, or None."""

    @classmethod
    def apply(cls, *tensors, **options):
        from .tensor import Tensor

        needs = [t.requires_grad and _GradMode.enabled for t in tensors]
        ctx = Node(cls, needs)
        ctx.attributes = options
        out = Tensor._from_array(np.asarray(cls.forward(*[t.data for t in tensors], **options)))
        if any(needs) and out.data.dtype.kind == "f":
            ctx.next_edges = [t._edge() if need else None for t, need in zip(tensors, needs)]
            cls.setup(ctx, tensors, out)
            out.grad_fn = ctx
            out.requires_grad = True
        return out

    @staticmethod
    def setup(ctx, inputs, output):
        pass


def run_backward(root, gradient, retain_graph):
    pending, heap = {}, []

    def send(node, g):
        if node in pending:
            pending[node] = pending[node] + g
        else:
            pending[node] = g
            heapq.heappush(heap, (-node.seq, id(node), node))

    send(root, gradient)
    while heap:
        node = heapq.heappop(heap)[2]
        g = pending.pop(node)
        if isinstance(node, AccumulateGrad):
            leaf = node.variable
            g = g.astype(leaf.dtype)
            if leaf.grad is None:
                leaf.grad = type(leaf.detach())._from_array(g)
            else:
                leaf.grad.data = leaf.grad.data + g
            continue
        if node.freed:
            raise RuntimeError(
                "Trying to backward through the graph a second time. Specify retain_graph=True if you need to backward "
                "through the graph a second time."
            )
        grads = node.fn.backward(node, g)
        grads = grads if isinstance(grads, tuple) else (grads,)
        for edge, part in zip(node.next_edges, grads):
            if edge is not None:
                send(edge, part)
        if not retain_graph:
            node._saved, node.freed = (), True
