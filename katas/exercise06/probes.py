"""Functions for the tests to differentiate.

`kata.run(probes.of_a_square, 3.0)` calls `of_a_square(your_module, 3.0)` below and gives its result to the test. The
tests may run your code in another process, which can receive numbers and arrays, but not a function such as f.
"""

import copy

import numpy as np


def of_a_square(submission, w):
    """Your numerical gradient of f(w) = w² with the default step.

    Shown as:
        numerical_gradient(lambda w: w * w, w)
    """
    return submission.numerical_gradient(lambda w: w * w, w)


def of_a_square_with_step(submission, w, eps):
    """Your numerical gradient of f(w) = w² with a different step.

    Shown as:
        numerical_gradient(lambda w: w * w, w, eps=eps)
    """
    return submission.numerical_gradient(lambda w: w * w, w, eps=eps)


def of_a_tiny_square(submission, w):
    """Your numerical gradient of f(w) = w² / 1 000 000.

    Shown as:
        numerical_gradient(lambda w: w * w / 1e6, w)
    """
    return submission.numerical_gradient(lambda w: w * w / 1e6, w)


def of_a_cube(submission, w):
    """Your numerical gradient of f(w) = w³.

    Shown as:
        numerical_gradient(lambda w: w * w * w, w)
    """
    return submission.numerical_gradient(lambda w: w * w * w, w)


def of_cubes_with_step(submission, w, eps):
    """Your numerical gradient of the sum of the cubes of an array, with a different step.

    Shown as:
        numerical_gradient(lambda w: (w * w * w).sum(), w, eps=eps)
    """
    return submission.numerical_gradient(lambda w: (w * w * w).sum(), w, eps=eps)


def of_squares_and_a_product(submission, W):
    """Your numerical gradient, at a matrix W, of the sum of its squared elements plus a product of two of them.

    Shown as:
        numerical_gradient(lambda W: (W * W).sum() + W[0, 0] * W[1, 2], W)
    """
    return submission.numerical_gradient(lambda W: (W * W).sum() + W[0, 0] * W[1, 2], W)


def row_sums(w):
    """Add up the squares of the row sums. The derivative with respect to an element is twice the sum of its row."""
    return (w.sum(axis=-1) ** 2).sum()


def of_row_sums(submission, w):
    """Your numerical gradient of `row_sums`.

    Shown as:
        numerical_gradient(lambda w: (w.sum(axis=-1) ** 2).sum(), w)
    """
    return submission.numerical_gradient(row_sums, w)


def of_row_sums_with_step(submission, w, eps):
    """Your numerical gradient of `row_sums` with a different step.

    Shown as:
        numerical_gradient(lambda w: (w.sum(axis=-1) ** 2).sum(), w, eps=eps)
    """
    return submission.numerical_gradient(row_sums, w, eps=eps)


def at_a_transposed_array(submission, w):
    """Your gradient at an array that is stored in memory column by column, and that array after the call."""
    w = np.asfortranarray(w)
    return [submission.numerical_gradient(row_sums, w), w.copy()]


def of_two_arrays(submission, first, second):
    """Your gradient at the first array, and that same gradient after a call with the second array.

    Two more gradients follow: at the second array, and at the first array once it holds the second array's numbers.
    """
    numbers = second.copy()
    gradient = submission.numerical_gradient(row_sums, first)
    returned = copy.deepcopy(gradient)
    at_second = copy.deepcopy(submission.numerical_gradient(row_sums, second))
    at_last = copy.deepcopy(gradient)
    first[...] = numbers
    return [returned, at_last, at_second, submission.numerical_gradient(row_sums, first)]
