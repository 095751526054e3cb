"""The untrusted side of grading: a fork server and its confined workers, which run submissions."""
