"""Tensors and the graph of operations: tasks tensor, autograd, broadcasting, indexing and shapes.

Shapes: n, m, … are any sizes. In "∂a = …" the right-hand side is what is added to the gradient of a, where g is the
gradient of the result y: an array of y's shape, each element the derivative of the final number with respect to that
element of y. If a was broadcast, sum over the axes along which a was repeated, so that the result has a's shape.

The core asks for no errors: every RuntimeError, ValueError, IndexError or TypeError named here or in the other modules
is the extra `refusals`, unless another extra is named with it.
"""


class Tensor:
    """An array of numbers that knows how it was computed.

    Arguments:
        data: Python numbers and nested lists (floats become float32, ints int64, bools bool), NumPy arrays and scalars
            (they keep their dtype), or a Tensor. The data is copied.
        requires_grad: whether backward leaves the tensor's gradient in `.grad`. RuntimeError if the dtype is not
            floating.
        dtype: a NumPy dtype or its name, such as "float32"; None for that of the data.
        device: "cpu"; or "cuda" with CuPy (extra `gpu`), and without CuPy RuntimeError.

    Attributes:
        data: the array.
        grad: None, or a Tensor of the same shape and dtype; no other tensor uses its array (extra `views`).
        requires_grad: a bool. A result requires grad if one of its operands does. Exceptions: results inside no_grad(),
            and results that are not floating, as those of comparisons.
    """

    __array_ufunc__ = None  # so that `array + tensor` is left to Tensor.__radd__

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        raise NotImplementedError

    # ------------------------------------------------------------------------------------ what it is (task tensor)

    @property
    def shape(self):
        """A tuple of ints; () for a number."""
        raise NotImplementedError

    @property
    def ndim(self):
        """The number of axes."""
        raise NotImplementedError

    @property
    def dtype(self):
        """NumPy's dtype."""
        raise NotImplementedError

    @property
    def device(self):
        """ "cpu" or "cuda"."""
        raise NotImplementedError

    @property
    def is_leaf(self):
        """Whether you made it, and not an operation that was recorded."""
        raise NotImplementedError

    def size(self):
        """The shape."""
        raise NotImplementedError

    def numel(self):
        """The number of elements."""
        raise NotImplementedError

    def __len__(self):
        """The size of the first axis; TypeError for a number."""
        raise NotImplementedError

    def __repr__(self):
        """Readable: "tensor([2.5, -7.0], requires_grad=True)", say."""
        raise NotImplementedError

    def numpy(self):
        """The array. RuntimeError for a tensor that requires grad: call .detach().numpy()."""
        raise NotImplementedError

    def item(self):
        """The only element as a Python number; RuntimeError if there are more."""
        raise NotImplementedError

    def tolist(self):
        """Nested lists of Python numbers, or one number."""
        raise NotImplementedError

    def detach(self):
        """The same numbers without the graph, in the same memory or in a copy."""
        raise NotImplementedError

    def clone(self):
        """A copy that belongs to the graph: ∂a = g."""
        raise NotImplementedError

    def to(self, target):
        """In another dtype (or its name), or on a device; ∂a = g in a's dtype. Itself if nothing changes."""
        raise NotImplementedError

    def float(self):
        """In float32."""
        raise NotImplementedError

    def double(self):
        """In float64."""
        raise NotImplementedError

    def long(self):
        """In int64, rounded towards 0."""
        raise NotImplementedError

    def requires_grad_(self, requires_grad=True):
        """Sets requires_grad; returns the tensor."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------- arithmetic (tensor, autograd)
    # The other operand: a Tensor, a number or an array. README.md says which dtypes the core asks for; mixtures have
    # the dtype of torch.result_type (extra `dtypes`). RuntimeError, naming the operation and both shapes, for shapes
    # that do not broadcast.

    def __add__(self, other):
        """y = a + b, elementwise; ∂a = g, ∂b = g."""
        raise NotImplementedError

    def __radd__(self, other):
        raise NotImplementedError

    def __sub__(self, other):
        """y = a - b, elementwise; ∂a and ∂b to be derived."""
        raise NotImplementedError

    def __rsub__(self, other):
        raise NotImplementedError

    def __mul__(self, other):
        """y = a * b, elementwise; ∂a and ∂b to be derived."""
        raise NotImplementedError

    def __rmul__(self, other):
        raise NotImplementedError

    def __truediv__(self, other):
        """y = a / b, elementwise, int64 / int64 as float32; ∂a and ∂b to be derived."""
        raise NotImplementedError

    def __rtruediv__(self, other):
        raise NotImplementedError

    def __pow__(self, other):
        """y = a ** b, elementwise; ∂a and ∂b to be derived. The slope of a ** 0 is 0 (at a = 0: extra `corners`)."""
        raise NotImplementedError

    def __rpow__(self, other):
        raise NotImplementedError

    def pow(self, exponent):
        """y = a ** exponent."""
        raise NotImplementedError

    def __neg__(self):
        raise NotImplementedError

    def __abs__(self):
        """y = |a|; its slope at 0 is 0 (extra `corners`)."""
        raise NotImplementedError

    def abs(self):
        """y = |a|."""
        raise NotImplementedError

    def __matmul__(self, other):
        """y = a @ b: (n, k) and (k, m) to (n, m); ∂a and ∂b to be derived.

        Vectors as in NumPy: (k,) @ (k, m) → (m,), (n, k) @ (k,) → (n,), (k,) @ (k,) → (). Stacks of matrices broadcast
        over the axes in front: (…, n, k) @ (…, k, m) → (…, n, m). RuntimeError, with both shapes, if they do not fit.
        """
        raise NotImplementedError

    def __rmatmul__(self, other):
        raise NotImplementedError

    def maximum(self, other):
        """The larger of two, elementwise; if both are equal, half of g goes to each (extra `corners`)."""
        raise NotImplementedError

    def minimum(self, other):
        """The smaller of two, elementwise; if both are equal, half of g goes to each (extra `corners`)."""
        raise NotImplementedError

    # Comparisons give tensors of bool, without a gradient.

    def __eq__(self, other):
        raise NotImplementedError

    def __ne__(self, other):
        raise NotImplementedError

    def __lt__(self, other):
        raise NotImplementedError

    def __le__(self, other):
        raise NotImplementedError

    def __gt__(self, other):
        raise NotImplementedError

    def __ge__(self, other):
        raise NotImplementedError

    __hash__ = object.__hash__  # a class with its own == would lose it

    # --------------------------------------------------------------------------- changes in place (tensor, autograd)
    # Each returns the same object. Its dtype stays (extra `dtypes`). Extra `views`: outside of no_grad() RuntimeError
    # for a leaf that requires grad; and backward raises RuntimeError if a value that it needs has been changed since. A
    # result of recorded operations may record the change or raise RuntimeError: see README.md, task autograd.

    def __iadd__(self, other):
        raise NotImplementedError

    def __isub__(self, other):
        raise NotImplementedError

    def __imul__(self, other):
        raise NotImplementedError

    def __itruediv__(self, other):
        raise NotImplementedError

    def add_(self, other):
        """a += other."""
        raise NotImplementedError

    def sub_(self, other):
        """a -= other."""
        raise NotImplementedError

    def mul_(self, other):
        """a *= other."""
        raise NotImplementedError

    def zero_(self):
        """All elements become 0."""
        raise NotImplementedError

    # ---------------------------------------------------------------------------------- functions (task autograd)
    # Elementwise, y has a's shape; integers give float32 (extra `dtypes`). Each ∂a is to be derived.

    def exp(self):
        """y = eᵃ."""
        raise NotImplementedError

    def log(self):
        """The natural logarithm."""
        raise NotImplementedError

    def sqrt(self):
        """The root."""
        raise NotImplementedError

    def tanh(self):
        """The hyperbolic tangent."""
        raise NotImplementedError

    def sigmoid(self):
        """y = 1 / (1 + e⁻ᵃ); finite at -10 000 (extra `corners`)."""
        raise NotImplementedError

    def relu(self):
        """y = max(a, 0); its slope at 0 is 0 (extra `corners`)."""
        raise NotImplementedError

    def clip(self, min=None, max=None):
        """a, but at least min and at most max; the slope is 1 between them (at the bounds too: extra `corners`)."""
        raise NotImplementedError

    def clamp(self, min=None, max=None):
        """The same as clip."""
        raise NotImplementedError

    # ---------------------------------------------------------------------------------- gradients (task autograd)

    def backward(self, gradient=None, retain_graph=False):
        """Adds to `.grad` of every leaf the gradient of this tensor, weighted by `gradient` (of this tensor's shape).

        Without a gradient the tensor must have one element, and its weight is 1. Extra `depth`: each operation is
        visited once, however many paths lead through it, and a graph may be 10 000 operations deep. With retain_graph
        the same graph can be gone through again; without, what it keeps is freed.

        RuntimeError: the tensor does not require grad; it has several elements and no gradient was given; the gradient
        has another shape; the graph was freed before (the message names retain_graph); a value that is needed was
        changed in place (extra `views`).
        """
        raise NotImplementedError

    # ------------------------------------------------------------------------------------- elements (task indexing)

    def __getitem__(self, index):
        """y = a[index]; ∂a is 0 but for the places taken, which get g, added up where a place was taken repeatedly.

        The index, or a tuple of them: ints, slices, None, ..., arrays, lists or Tensors of ints, masks of bools. With
        ints and slices y shares memory with a, with any other index it does not (extra `views`). IndexError for an
        index outside of the shape.
        """
        raise NotImplementedError

    def __setitem__(self, index, value):
        """a[index] = value, a number or a Tensor that broadcasts to the shape of a[index]; a change in place."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------------- reductions (task shapes)
    # dim (or axis): None for all elements, an int, counted from the end if negative; of sum, mean, var and std also a
    # tuple. keepdim keeps the axes, of size 1. IndexError for an axis that is not there.

    def sum(self, dim=None, keepdim=False, axis=None):
        """The sum; of integers and bools int64 (extra `dtypes`). ∂a to be derived."""
        raise NotImplementedError

    def mean(self, dim=None, keepdim=False, axis=None):
        """The mean; RuntimeError for integers. ∂a to be derived."""
        raise NotImplementedError

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        """Σ (a - mean)² / (n - correction); unbiased=True is correction=1, False is 0. ∂a to be derived."""
        raise NotImplementedError

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        """The root of the variance."""
        raise NotImplementedError

    def max(self, dim=None, keepdim=False, axis=None):
        """The largest element; ∂a goes there, or, if several are the largest, in even shares to all (extra `corners`).

        With a dim, a pair `values, indices` that has these attributes, as a named tuple; ∂a goes to the element at the
        index.
        """
        raise NotImplementedError

    def min(self, dim=None, keepdim=False, axis=None):
        """The smallest element, as max."""
        raise NotImplementedError

    def argmax(self, dim=None, keepdim=False, axis=None):
        """The index of the largest, int64; without a dim in the flattened tensor."""
        raise NotImplementedError

    def argmin(self, dim=None, keepdim=False, axis=None):
        """The index of the smallest."""
        raise NotImplementedError

    def softmax(self, dim):
        """yᵢ = e^aᵢ / Σⱼ e^aⱼ along an axis; finite for numbers of ±10 000 (extra `corners`). ∂a to be derived."""
        raise NotImplementedError

    def log_softmax(self, dim):
        """The logarithm of softmax; finite where softmax is 0 (extra `corners`). ∂a to be derived."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------------- new shapes (task shapes)
    # ∂a is g, brought back to a's shape. A view shares memory with a (extra `views`; in the core a copy is right too).
    # RuntimeError if the sizes do not fit.

    def reshape(self, *shape):
        """The same elements, row by row, in another shape, ints or a tuple, one perhaps -1; a view if possible."""
        raise NotImplementedError

    def view(self, *shape):
        """As reshape, but always a view: RuntimeError if that would take a copy."""
        raise NotImplementedError

    def flatten(self, start_dim=0, end_dim=-1):
        """The axes from start_dim to end_dim, both included, become one."""
        raise NotImplementedError

    def transpose(self, dim0, dim1):
        """Two axes exchanged; a view."""
        raise NotImplementedError

    def permute(self, *dims):
        """The axes in the given order, counted from 0; a view."""
        raise NotImplementedError

    @property
    def T(self):
        """A matrix (n, m) as (m, n); a view."""
        raise NotImplementedError

    def squeeze(self, dim=None):
        """Without axes of size 1, or without that one, if its size is 1."""
        raise NotImplementedError

    def unsqueeze(self, dim):
        """With a new axis of size 1 at that place, from -ndim - 1 to ndim."""
        raise NotImplementedError

    def expand(self, *shape):
        """Axes of size 1 repeated, and new ones in front, as by broadcasting; -1 keeps a size. ∂a to be derived."""
        raise NotImplementedError


class no_grad:
    """Inside, nothing is recorded: results require no grad. `with no_grad():`, or `@no_grad()` above a function."""

    def __enter__(self):
        raise NotImplementedError

    def __exit__(self, kind, fault, trace):
        """Restores what was before, also when an exception passes."""
        raise NotImplementedError

    def __call__(self, function):
        """The function, run inside no_grad whenever it is called."""
        raise NotImplementedError


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    """The same as Tensor(data, …)."""
    raise NotImplementedError


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    """Zeros of a shape, ints or a tuple; float32 unless another dtype is given."""
    raise NotImplementedError


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    """Ones of a shape, ints or a tuple; float32 unless another dtype is given."""
    raise NotImplementedError


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    """Normal deviates of mean 0 and standard deviation 1, independent; float32 unless another dtype is given."""
    raise NotImplementedError


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    """start, start + step, … up to, but not including, end; one argument is the end. Of ints int64, else float32."""
    raise NotImplementedError


def manual_seed(seed):
    """From here on randn, initial weights, Dropout and shuffling repeat what they did after the same seed."""
    raise NotImplementedError


def cat(tensors, dim=0):
    """Tensors one after the other along an axis: (n, m) and (k, m) to (n + k, m). ∂: each its own part of g.

    RuntimeError if other axes differ in size.
    """
    raise NotImplementedError


def stack(tensors, dim=0):
    """Tensors of one shape along a new axis: k of (n, m) to (k, n, m). ∂: each its own part of g. Errors as for cat."""
    raise NotImplementedError


def where(condition, a, b):
    """a where the condition (a Tensor of bools) is true, b elsewhere; all three broadcast. ∂a and ∂b to be derived."""
    raise NotImplementedError
