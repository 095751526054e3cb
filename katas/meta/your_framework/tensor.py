"""Tensors and the graph of operations: tasks tensor, autograd, broadcasting, indexing and shapes.

Shapes: n, m, … are any sizes. "∂a = …" says what to add to the gradient of a, where g is the gradient of the result y:
an array of y's shape, each element the derivative of the final number with respect to that element of y. If a was
broadcast, sum over the axes along which it was repeated, so that the result has a's shape.

The core tasks require no errors: every RuntimeError, ValueError, IndexError or TypeError named here or in the other
modules belongs to the extra `refusals`, unless another extra is named with it.
"""


class Tensor:
    """An array of numbers that remembers how it was computed.

    Arguments:
        data: Python numbers and nested lists (floats become float32, ints int64, bools bool), NumPy arrays and scalars
            (they keep their dtype), or a Tensor. The data is copied.
        requires_grad: whether backward stores the tensor's gradient in `.grad`. RuntimeError if the dtype isn't
            floating.
        dtype: a NumPy dtype or its name, such as "float32"; None for the dtype of the data.
        device: "cpu", or "cuda" with CuPy (extra `gpu`). RuntimeError for "cuda" if CuPy isn't installed.

    Attributes:
        data: the array.
        grad: None, or a Tensor of the same shape and dtype; no other tensor uses its array (extra `views`).
        requires_grad: a bool. A result requires grad if one of its operands does. Exceptions: results inside no_grad(),
            and results that aren't floating, such as those of comparisons.
    """

    __array_ufunc__ = None  # so that NumPy leaves `array + tensor` to Tensor.__radd__

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        raise NotImplementedError

    # ------------------------------------------------------------------------------------- properties (task tensor)

    @property
    def shape(self):
        """The shape, a tuple of ints; () for a number."""
        raise NotImplementedError

    @property
    def ndim(self):
        """The number of axes."""
        raise NotImplementedError

    @property
    def dtype(self):
        """The NumPy dtype."""
        raise NotImplementedError

    @property
    def device(self):
        """ "cpu" or "cuda"."""
        raise NotImplementedError

    @property
    def is_leaf(self):
        """Whether you created this tensor, rather than a recorded operation."""
        raise NotImplementedError

    def size(self):
        """Return the shape."""
        raise NotImplementedError

    def numel(self):
        """Return the number of elements."""
        raise NotImplementedError

    def __len__(self):
        """Return the size of the first axis. TypeError for a number."""
        raise NotImplementedError

    def __repr__(self):
        """Return something readable, such as "tensor([2.5, -7.0], requires_grad=True)"."""
        raise NotImplementedError

    def numpy(self):
        """Return the array. RuntimeError for a tensor that requires grad: use .detach().numpy()."""
        raise NotImplementedError

    def item(self):
        """Return the only element as a Python number. RuntimeError if there are more."""
        raise NotImplementedError

    def tolist(self):
        """Return nested lists of Python numbers, or a single number."""
        raise NotImplementedError

    def detach(self):
        """Return the same numbers without the graph, in the same memory or in a copy."""
        raise NotImplementedError

    def clone(self):
        """Return a copy that belongs to the graph: ∂a = g."""
        raise NotImplementedError

    def to(self, target):
        """Convert to a dtype (or its name) or a device; ∂a = g in a's dtype. Return self if nothing changes."""
        raise NotImplementedError

    def float(self):
        """Convert to float32."""
        raise NotImplementedError

    def double(self):
        """Convert to float64."""
        raise NotImplementedError

    def long(self):
        """Convert to int64, rounding towards 0."""
        raise NotImplementedError

    def requires_grad_(self, requires_grad=True):
        """Set requires_grad and return the tensor."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------- arithmetic (tensor, autograd)
    # The other operand is a Tensor, a number or an array. README.md says which dtypes the core requires; mixtures have
    # the dtype of torch.result_type (extra `dtypes`). If shapes don't broadcast, raise a RuntimeError that names the
    # operation and both shapes.

    def __add__(self, other):
        """y = a + b, elementwise; ∂a = g, ∂b = g."""
        raise NotImplementedError

    def __radd__(self, other):
        raise NotImplementedError

    def __sub__(self, other):
        """y = a - b, elementwise; derive ∂a and ∂b."""
        raise NotImplementedError

    def __rsub__(self, other):
        raise NotImplementedError

    def __mul__(self, other):
        """y = a * b, elementwise; derive ∂a and ∂b."""
        raise NotImplementedError

    def __rmul__(self, other):
        raise NotImplementedError

    def __truediv__(self, other):
        """y = a / b, elementwise, int64 / int64 as float32; derive ∂a and ∂b."""
        raise NotImplementedError

    def __rtruediv__(self, other):
        raise NotImplementedError

    def __pow__(self, other):
        """y = a ** b, elementwise; derive ∂a and ∂b. The slope of a ** 0 is 0 (at a = 0: extra `corners`)."""
        raise NotImplementedError

    def __rpow__(self, other):
        raise NotImplementedError

    def pow(self, exponent):
        """y = a ** exponent."""
        raise NotImplementedError

    def __neg__(self):
        raise NotImplementedError

    def __abs__(self):
        """y = |a|; the slope at 0 is 0 (extra `corners`)."""
        raise NotImplementedError

    def abs(self):
        """y = |a|."""
        raise NotImplementedError

    def __matmul__(self, other):
        """y = a @ b: (n, k) and (k, m) to (n, m); derive ∂a and ∂b.

        Vectors work as in NumPy: (k,) @ (k, m) → (m,), (n, k) @ (k,) → (n,), (k,) @ (k,) → (). Stacks of matrices
        broadcast over the leading axes: (…, n, k) @ (…, k, m) → (…, n, m). RuntimeError with both shapes if they
        are incompatible.
        """
        raise NotImplementedError

    def __rmatmul__(self, other):
        raise NotImplementedError

    def maximum(self, other):
        """The elementwise maximum; if both are equal, half of g goes to each (extra `corners`)."""
        raise NotImplementedError

    def minimum(self, other):
        """The elementwise minimum; if both are equal, half of g goes to each (extra `corners`)."""
        raise NotImplementedError

    # Comparisons return tensors of bool, without a gradient.

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

    __hash__ = object.__hash__  # defining __eq__ would otherwise remove it

    # --------------------------------------------------------------------------- in-place operations (tensor, autograd)
    # Each returns the same object and keeps its dtype (extra `dtypes`). Extra `views`: outside of no_grad(), raise a
    # RuntimeError for a leaf that requires grad; and backward raises a RuntimeError if a value that it needs has been
    # changed since. For a result of recorded operations, record the change or raise a RuntimeError: see README.md, task
    # autograd.

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
        """Set all elements to 0."""
        raise NotImplementedError

    # ---------------------------------------------------------------------------------- functions (task autograd)
    # Elementwise; y has a's shape; integers give float32 (extra `dtypes`). Derive each ∂a.

    def exp(self):
        """y = eᵃ."""
        raise NotImplementedError

    def log(self):
        """The natural logarithm."""
        raise NotImplementedError

    def sqrt(self):
        """The square root."""
        raise NotImplementedError

    def tanh(self):
        """The hyperbolic tangent."""
        raise NotImplementedError

    def sigmoid(self):
        """y = 1 / (1 + e⁻ᵃ); finite at -10 000 (extra `corners`)."""
        raise NotImplementedError

    def relu(self):
        """y = max(a, 0); the slope at 0 is 0 (extra `corners`)."""
        raise NotImplementedError

    def clip(self, min=None, max=None):
        """Limit a to at least min and at most max; the slope is 1 between them (at the bounds too: extra `corners`)."""
        raise NotImplementedError

    def clamp(self, min=None, max=None):
        """Do the same as clip."""
        raise NotImplementedError

    # ---------------------------------------------------------------------------------- gradients (task autograd)

    def backward(self, gradient=None, retain_graph=False):
        """Add the gradient of this tensor, weighted by `gradient` (of this tensor's shape), to `.grad` of every leaf.

        Without `gradient`, the tensor must have one element, and its weight is 1. Extra `depth`: visit each operation
        once, however many paths lead through it; a graph may be 10 000 operations deep. With retain_graph, backward can
        run through the same graph again; without it, the graph is freed.

        RuntimeError: the tensor doesn't require grad; it has several elements and no gradient was given; the gradient
        has another shape; the graph was freed before (the message names retain_graph); a value that is needed was
        changed in place (extra `views`).
        """
        raise NotImplementedError

    # ------------------------------------------------------------------------------------- elements (task indexing)

    def __getitem__(self, index):
        """y = a[index]; ∂a is g at the selected places, added up if a place was selected repeatedly, and 0 elsewhere.

        The index is one of these, or a tuple of them: ints, slices, None, ..., arrays, lists or Tensors of ints,
        boolean masks. With ints and slices y shares memory with a; with any other index it doesn't (extra `views`).
        IndexError for an index outside of the shape.
        """
        raise NotImplementedError

    def __setitem__(self, index, value):
        """Set a[index], in place, to a number or a Tensor that broadcasts to the shape of a[index]."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------------- reductions (task shapes)
    # dim (or axis): None for all elements, or an int, counted from the end if negative; for sum, mean, var and std also
    # a tuple. keepdim keeps the axes, with size 1. IndexError for an axis that doesn't exist.

    def sum(self, dim=None, keepdim=False, axis=None):
        """The sum; int64 for integers and bools (extra `dtypes`). Derive ∂a."""
        raise NotImplementedError

    def mean(self, dim=None, keepdim=False, axis=None):
        """The mean. RuntimeError for integers. Derive ∂a."""
        raise NotImplementedError

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        """Σ (a - mean)² / (n - correction); unbiased=True means correction=1, False means 0. Derive ∂a."""
        raise NotImplementedError

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        """The standard deviation: the root of the variance."""
        raise NotImplementedError

    def max(self, dim=None, keepdim=False, axis=None):
        """The largest element; ∂a is g there, split equally if there are several (extra `corners`).

        With a dim, return a named tuple `values, indices`; ∂a is g at the indices.
        """
        raise NotImplementedError

    def min(self, dim=None, keepdim=False, axis=None):
        """The smallest element, like max."""
        raise NotImplementedError

    def argmax(self, dim=None, keepdim=False, axis=None):
        """The index of the largest element, int64; without a dim, in the flattened tensor."""
        raise NotImplementedError

    def argmin(self, dim=None, keepdim=False, axis=None):
        """The index of the smallest element, like argmax."""
        raise NotImplementedError

    def softmax(self, dim):
        """yᵢ = e^aᵢ / Σⱼ e^aⱼ along an axis; finite for numbers of ±10 000 (extra `corners`). Derive ∂a."""
        raise NotImplementedError

    def log_softmax(self, dim):
        """The logarithm of softmax; finite where softmax is 0 (extra `corners`). Derive ∂a."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------------- new shapes (task shapes)
    # ∂a is g, brought back to a's shape. A view shares memory with a (extra `views`; in the core a copy is right too).
    # RuntimeError if the sizes don't match.

    def reshape(self, *shape):
        """The same elements, row by row, in another shape: ints or a tuple, perhaps one -1; a view if possible."""
        raise NotImplementedError

    def view(self, *shape):
        """Like reshape, but always a view. RuntimeError if a copy would be needed."""
        raise NotImplementedError

    def flatten(self, start_dim=0, end_dim=-1):
        """Join the axes from start_dim to end_dim (inclusive) into one."""
        raise NotImplementedError

    def transpose(self, dim0, dim1):
        """Swap two axes; a view."""
        raise NotImplementedError

    def permute(self, *dims):
        """Put the axes, counted from 0, into the given order; a view."""
        raise NotImplementedError

    @property
    def T(self):
        """A matrix (n, m) as (m, n), a view."""
        raise NotImplementedError

    def squeeze(self, dim=None):
        """Remove all axes of size 1, or only `dim`, if its size is 1."""
        raise NotImplementedError

    def unsqueeze(self, dim):
        """Insert a new axis of size 1 at a position from -ndim - 1 to ndim."""
        raise NotImplementedError

    def expand(self, *shape):
        """Repeat axes of size 1 and add new ones in front, as in broadcasting; -1 keeps a size. Derive ∂a."""
        raise NotImplementedError


class no_grad:
    """A block, or a function with `@no_grad()`, in which nothing is recorded: results don't require grad.

    Tensor(…, requires_grad=True) makes a leaf that requires grad, here too.
    """

    def __enter__(self):
        raise NotImplementedError

    def __exit__(self, kind, fault, trace):
        """Restore the previous state, even if an exception was raised."""
        raise NotImplementedError

    def __call__(self, function):
        """Return a function that runs inside no_grad at every call."""
        raise NotImplementedError


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    """Return Tensor(data, …)."""
    raise NotImplementedError


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    """Return zeros; the shape is given as ints or a tuple. The dtype is float32 unless another dtype is given."""
    raise NotImplementedError


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    """Return ones; the shape is given as ints or a tuple. The dtype is float32 unless another dtype is given."""
    raise NotImplementedError


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    """Draw independent standard normal numbers; float32 unless another dtype is given."""
    raise NotImplementedError


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    """Return start, start + step, …, without end; a single argument is the end. int64 for ints, else float32."""
    raise NotImplementedError


def manual_seed(seed):
    """Seed randn, initial weights, Dropout and shuffling: the same seed gives the same numbers from here on."""
    raise NotImplementedError


def cat(tensors, dim=0):
    """Join tensors along an axis: (n, m) and (k, m) to (n + k, m). The gradient of each is its part of g.

    RuntimeError if the other axes differ in size.
    """
    raise NotImplementedError


def stack(tensors, dim=0):
    """Stack tensors of one shape along a new axis: k tensors (n, m) to (k, n, m). Gradients and errors as for cat."""
    raise NotImplementedError


def where(condition, a, b):
    """a where the condition (a Tensor of bools) is true, b elsewhere; all three broadcast. Derive ∂a and ∂b."""
    raise NotImplementedError
