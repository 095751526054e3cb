"""A speed that is compared with the reference."""


def total(x):
    """The sum of x."""
    answer = 0.0
    for entry in x.tolist():
        answer += entry
    return answer
