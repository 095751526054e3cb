def left(x):
    """Twice x."""
    return 2 * x
