"""The trusted side: `Judge`, the Python API (client.py), and the processes that it starts."""
