"""The untrusted side: a fork server of confined workers. It imports only the standard library, NumPy and `wire`."""
