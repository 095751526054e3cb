"""Points in proportion, a person's marks, and a GPU."""


def answer(number):
    raise NotImplementedError
