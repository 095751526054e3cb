"""Leak something during the import in a raised syntax error, which costs no attempt."""

import os

raise SyntaxError(f"{os.cpu_count()} processors")
