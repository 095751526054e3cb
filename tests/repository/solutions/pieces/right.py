def right(x):
    """Three times x."""
    return 3 * x
