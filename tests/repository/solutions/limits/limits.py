"""Small limits."""


def work(number):
    return number
