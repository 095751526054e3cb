"""Tell something while it is imported, as if it could not be compiled: that costs no attempt."""

import os

raise SyntaxError(f"{os.cpu_count()} processors")
