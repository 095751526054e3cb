"""Runs compiled kernels without a GPU, counts what they load and store, and stops them where a GPU would go wrong.

A recording says which kernels a function launches, in Triton's intermediate code (TTIR), and with which arguments;
meter.py makes it without any numbers. `Machine` computes with the numbers. It runs the programs of a launch one after
the other, and looks at every address. It raises MeterError if a program

- loads or stores outside the elements of the tensors that it was given, or stores in an input,
- stores an element that another program of the same launch stores or loads, which is a race (tl.atomic_add is not),

or if there are so many programs, loads or steps that it must be a mistake. Nothing in a recording is trusted.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

MOST_PROGRAMS = 2_000  # in one launch
MOST_ACCESSES = 20_000  # runs of tl.load, tl.store and tl.atomic_… in one recording
MOST_STEPS = 1_000_000  # operations in one recording, each on a whole block
MOST_ELEMENTS = 1 << 20  # in one block, as in Triton
NO_PROGRAM, SEVERAL_PROGRAMS = -1, -2
SHIFT = 40  # an address is (number of the buffer << SHIFT) + the position in it, in bytes


class MeterError(Exception):
    """Raised where a kernel does something that would go wrong on a GPU, or that this kata doesn't allow."""


# ------------------------------------------------------------------------------------------------- the memory


class Place(NamedTuple):
    """Where a tensor is: the number of its buffer, and in elements, its offset, shape and strides."""

    buffer: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def elements(self) -> np.ndarray:
        """Return the position of every element in the buffer, in the tensor's shape."""
        if math.prod(self.shape) > 1 << 24:
            raise MeterError(f"a tensor of shape {self.shape} is too large here")
        positions = np.array(self.offset)
        for size, stride in zip(self.shape, self.strides, strict=True):
            positions = positions[..., None] + np.arange(size) * stride
        return positions


Input = tuple[np.ndarray, Place]  # the numbers in a buffer, flat, and where the tensor is in them


def laid_out(arrays: dict[str, np.ndarray], layout: str) -> dict[str, Input]:
    """Return these arrays, each in a buffer of its own, among NaN.

    Layouts: "plain" (contiguous, with NaN before and after it), "spread" (rows inside a wider matrix), "transposed"
    (the same for the columns), "tokens" (the axis of heads behind that of tokens, as a linear layer leaves them).
    """
    return {name: _laid_out(array, layout, number) for number, (name, array) in enumerate(arrays.items())}


def _laid_out(array: np.ndarray, layout: str, number: int) -> Input:
    dims = array.ndim
    if layout == "plain" or dims == 1:
        memory, place = _among_nans(array.reshape(-1), (8,), (8,), number)
        strides = [math.prod(array.shape[axis + 1 :]) for axis in range(dims)]
        return memory, place._replace(shape=array.shape, strides=tuple(strides))
    if layout == "spread":
        return _among_nans(array, (1,) * dims, (2,) * (dims - 1) + (3,), number)
    one, other = (-1, -2) if layout == "transposed" else (1, 2)
    before, after = ((1,) * dims, (1,) * (dims - 1) + (2,)) if layout == "transposed" else ((0, 1, 1, 0), (1, 0, 0, 2))
    memory, place = _among_nans(array.swapaxes(one, other), before, after, number)
    strides = list(place.strides)
    strides[one], strides[other] = strides[other], strides[one]
    return memory, place._replace(shape=array.shape, strides=tuple(strides))


def _among_nans(array: np.ndarray, before: tuple[int, ...], after: tuple[int, ...], number: int) -> Input:
    around = np.pad(np.float32(array), list(zip(before, after, strict=True)), constant_values=np.nan).copy("C")
    strides = tuple(stride // around.itemsize for stride in around.strides)
    offset = sum(skip * stride for skip, stride in zip(before, strides, strict=True))
    return around.reshape(-1), Place(number, offset, array.shape, strides)


@dataclass
class Buffer:
    """The memory of one tensor, or of several that share it. The arrays have an entry for each element."""

    name: str
    data: np.ndarray
    is_input: bool = False
    allowed: np.ndarray = field(init=False)
    loads: np.ndarray = field(init=False)
    stores: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.data)
        self.allowed, self.loads, self.stores = np.zeros(count, bool), np.zeros(count, int), np.zeros(count, int)

    def begin_launch(self) -> None:
        """Forget which programs have been here: a race is between programs of the same launch."""
        self.storer, self.loader = (np.full(len(self.data), NO_PROGRAM) for _ in range(2))
        self.added = np.zeros(len(self.data), bool)


# --------------------------------------------------------------------------------------------- the programs' text


class Type(NamedTuple):
    """The type of a value in TTIR. `pointed` is what a pointer points to."""

    shape: tuple[int, ...]
    dtype: np.dtype
    pointed: np.dtype | None


DTYPES = {
    **{f"i{8 * size}": np.dtype(f"int{8 * size}") for size in (1, 2, 4, 8)},
    **{f"f{8 * size}": np.dtype(f"float{8 * size}") for size in (2, 4, 8)},
    "i1": np.dtype(bool),
}
TYPE = re.compile(r"(?:tensor<((?:\d+x)*)|(?<!\w))(!tt\.ptr<)?(i1|i8|i16|i32|i64|f16|f32|f64)\b")
NAME = re.compile(r"%[\w.$-]+(?:#\d+)?")
STEP = re.compile(r'(?:(%[\w.$-]+)(?::(\d+))? = )?"?([a-z]\w*\.[\w.]+)"?(.*)')
TARGET = re.compile(r"(\^\w+)(?:\(([^)]*)\))?")


@lru_cache(1024)
def type_of(text: str) -> Type:
    """Return the first type in a text, such as tensor<16x32xf32> or !tt.ptr<f32>."""
    found = TYPE.search(text)
    if found is None:
        raise MeterError(f"only integers and float16, float32 and float64 are known here, not {text.strip()}")
    shape, pointer, name = found.groups()
    sizes = tuple(int(size) for size in (shape or "").split("x")[:-1])
    if math.prod(sizes) > MOST_ELEMENTS:
        raise MeterError(f"a block of shape {sizes} is too large")
    return Type(sizes, np.dtype(np.int64) if pointer else DTYPES[name], DTYPES[name] if pointer else None)


@dataclass
class Block:
    """Steps that run one after the other, and the names of the values that they are given."""

    parameters: list[str]
    steps: list[Step] = field(default_factory=list)


Region = dict[str, Block]  # by label; it begins with the first


@dataclass
class Step:
    """One operation: the names of its results and operands, and the rest of its line."""

    results: list[str]
    name: str
    operands: list[str]
    text: str
    regions: list[Region] = field(default_factory=list)

    def type(self) -> Type:
        """Return the type of the result, which is the last one of the line."""
        return type_of(re.split(r" : | -> | to ", self.text)[-1])

    def numbers(self, name: str) -> list[int]:
        """Return the integers of an attribute, such as {axis = 1 : i32} or {order = array<i32: 1, 0>}."""
        found = re.search(rf"\b{name} = (?:array<i\d+:? ?([^>]*)>|(-?\d+))", self.text)
        return [int(each) for each in (found[1] or found[2]).split(",") if each.strip()] if found else []


def _region(lines: Iterator[str]) -> tuple[Region, str]:
    """Return the region that begins here, and the line that ends it."""
    region: Region = {"": Block([])}
    block = region[""]
    for line in lines:
        if line.startswith("}"):
            return region, line
        if line.startswith("^"):
            names = NAME.findall(line.split("//")[0])
            label = line[: re.match(r"\^\w+", line).end()]  # type: ignore[union-attr]
            if len(region) == 1 and not block.steps:
                region.clear()
            block = region[label] = Block(names)
            continue
        block.steps.append(_step(line, lines))
    raise MeterError("a kernel's code ends too early")


def _step(line: str, lines: Iterator[str]) -> Step:
    found = STEP.match(line)
    if found is None:
        raise MeterError(f"this step of a kernel isn't known here: {line[:200]}")
    result, several, name, text = found.groups()
    results = [f"{result}#{i}" for i in range(int(several))] if several else [result] if result else []
    step = Step(results, name, NAME.findall(text), text)
    while line.endswith("{"):
        region, line = _region(lines)
        step.regions.append(region)
    names = step.operands
    if name == "scf.for":  # %i = %first to %end step %step iter_args(%a = %x, …)
        step.operands, next(iter(step.regions[0].values())).parameters = (
            names[1:4] + names[5::2],
            names[:1] + names[4::2],
        )
    elif name == "scf.while":  # (%a = %x, …)
        step.operands, next(iter(step.regions[0].values())).parameters = names[1::2], names[::2]
    return step


@lru_cache(64)
def functions(text: str) -> dict[str, Step]:
    """Return the functions of a TTIR module by name. The first public one is the kernel, and is also under ""."""
    lines = iter([line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")])
    opening = next(lines, "")
    if not opening.startswith("module"):
        raise MeterError("a kernel's code is not a module")
    found: dict[str, Step] = {}
    for block in _region(lines)[0].values():
        for step in block.steps:
            name = re.search(r"@([\w.$-]+|\"[^\"]*\")", step.text)
            if step.name != "tt.func" or name is None:
                continue
            next(iter(step.regions[0].values())).parameters = step.operands
            found[name[1]] = step
            if step.text.startswith(" public"):
                found[""] = step
    return found


# ------------------------------------------------------------------------------------------------ the machine


@dataclass
class BlockPointer:
    """What tl.make_block_ptr returns."""

    base: Any
    pointed: np.dtype
    shape: list[int]
    strides: list[int]
    offsets: list[int]
    block: tuple[int, ...]

    def pointers(self, checked: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the address of every element, and which of them are inside along the checked axes."""
        places, inside = np.array(int(self.base)), np.array(True)
        for axis, size in enumerate(self.block):
            along = self.offsets[axis] + np.arange(size)
            places = places[..., None] + along * (self.strides[axis] * self.pointed.itemsize)
            within = (along >= 0) & (along < self.shape[axis]) if axis in checked else np.ones(size, bool)
            inside = inside[..., None] & within
        return places, inside


class Machine:
    """Runs a recording with the numbers of its inputs. Then it knows what was loaded and stored, and the answer."""

    def __init__(self, recording: dict[str, Any], inputs: dict[str, Input], say: Callable[[str], Any] | None = None):
        self.accesses = self.steps = 0
        self.kernel, self.program = "", (0, 0, 0)
        self.launches: list[tuple[str, tuple[int, ...]]] = []
        self.say = say or (lambda _: None)
        self.buffers: list[Buffer] = []
        self.places: dict[str, Place] = {}
        for name, (memory, place) in inputs.items():
            self.buffers.append(Buffer(name, memory.copy(), is_input=True))
            self.buffers[place.buffer].allowed[place.elements()] = True
            self.places[name] = place
        try:
            with np.errstate(all="ignore"):  # padding may compute inf - inf
                self.buffers += [
                    Buffer("a tensor that was made", np.array(each).reshape(-1)) for each in recording["made"]
                ]
                for step in recording["steps"]:
                    self._launch(**step) if "kernel" in step else self._fill(**step)
                self.answer = self._answered(recording["answer"])
        except MeterError:
            raise
        except Exception as fault:
            where = f"{self.kernel}: " if self.kernel else ""
            raise MeterError(f"{where}this kernel can't be run here: {type(fault).__name__}: {fault}") from fault

    def loads(self, name: str = "") -> int:
        """Return how many elements were loaded from an input, or from all tensors."""
        return self._count("loads", name)

    def stores(self) -> int:
        """Return how many elements were stored."""
        return self._count("stores", "")

    def _count(self, kind: str, name: str) -> int:
        if name:
            place = self.places[name]
            return int(getattr(self.buffers[place.buffer], kind)[place.elements()].sum())
        return sum(int(getattr(buffer, kind).sum()) for buffer in self.buffers)

    def _answered(self, answer: Any) -> Any:
        if isinstance(answer, list | tuple):
            return type(answer)(self._answered(each) for each in answer)
        if isinstance(answer, dict):
            place = Place(**answer)
            return self.buffers[place.buffer].data[_inside(place, self.buffers)]
        return answer

    def _fill(self, place: dict[str, Any], value: float) -> None:
        at = Place(**place)
        self.buffers[at.buffer].data[_inside(at, self.buffers)] = value

    def _launch(self, kernel: str, code: str, grid: list[int], arguments: list[tuple[str, Any]]) -> None:
        self.kernel, self.functions = str(kernel), functions(code)
        self.grid = tuple(map(int, grid))
        self.launches.append((self.kernel, self.grid))
        if (count := math.prod(self.grid)) > MOST_PROGRAMS or len(self.grid) != 3 or min(self.grid) < 1:
            raise MeterError(
                f"{self.kernel}: the grid {self.grid} has {count} programs, and 1 to {MOST_PROGRAMS} are allowed here. "
                "Give each program a whole block, and count the blocks with triton.cdiv(n, BLOCK)"
            )
        head, values = self.functions[""], []
        types = re.split(r"%[\w.$-]+: ", head.text.split(" attributes ")[0])[1:]
        for (name, value), text in zip(arguments, types, strict=True):
            if isinstance(value, dict):
                place = Place(**value)
                buffer, elements = self.buffers[place.buffer], _inside(place, self.buffers)
                if not buffer.is_input:  # only the elements of an input that the function was given
                    buffer.name = f"the tensor given to {self.kernel} as {name}"
                    buffer.allowed[elements] = True
                value = ((place.buffer + 1) << SHIFT) + place.offset * buffer.data.itemsize
            values.append(type_of(text).dtype.type(value))
        for buffer in self.buffers:
            buffer.begin_launch()
        for index in np.ndindex(self.grid):
            self.program = index
            self._call(head, values)

    # ----------------------------------------------------------------------------------- control flow

    def _call(self, function: Step, values: list[Any]) -> list[Any]:
        return self._run(function.regions[0], {}, values)

    def _run(self, region: Region, names: dict[str, Any], values: list[Any]) -> list[Any]:
        """Run a region and return the operands of the step that ends it."""
        block = next(iter(region.values()))
        while True:
            self.steps += len(block.steps)
            if self.steps > MOST_STEPS:
                raise MeterError(f"{self.kernel}: more than {MOST_STEPS} steps. Check where each loop ends")
            names.update(zip(block.parameters, values, strict=True))
            for step in block.steps:
                if step.name in ("cf.br", "cf.cond_br"):
                    targets = TARGET.findall(step.text)
                    taken = 0 if step.name == "cf.br" or names[step.operands[0]] else 1
                    block, values = region[targets[taken][0]], [names[each] for each in NAME.findall(targets[taken][1])]
                    break
                operands = [names[each] for each in step.operands]
                if step.name in ENDS:
                    return operands
                if step.name in SCF:
                    found: Any = SCF[step.name](self, step, names, operands)
                elif step.name in ELEMENTWISE:
                    found = ELEMENTWISE[step.name](*operands)
                elif step.name in OPERATIONS:
                    found = OPERATIONS[step.name](self, step, *operands)
                else:
                    raise MeterError(f"{self.kernel}: the step {step.name} isn't known here")
                if len(step.results) == 1:
                    names[step.results[0]] = found[0] if isinstance(found, list) else found
                elif step.results:
                    names.update(zip(step.results, found, strict=True))
            else:
                return []

    def _for(self, step: Step, names: dict[str, Any], operands: list[Any]) -> list[Any]:
        first, end, stride, *values = operands
        for index in range(int(first), int(end), int(stride)):
            values = self._run(step.regions[0], names, [first.dtype.type(index), *values])
        return values

    def _while(self, step: Step, names: dict[str, Any], operands: list[Any]) -> list[Any]:
        while True:
            goes_on, *values = self._run(step.regions[0], names, operands)
            if not goes_on:
                return values
            operands = self._run(step.regions[1], names, values)

    def _if(self, step: Step, names: dict[str, Any], operands: list[Any]) -> list[Any]:
        branch = 0 if operands[0] else 1
        return self._run(step.regions[branch], names, []) if branch < len(step.regions) else []

    def _called(self, step: Step, names: dict[str, Any], operands: list[Any]) -> list[Any]:
        return self._call(self.functions[re.search(r"@([\w.$-]+|\"[^\"]*\")", step.text)[1]], operands)  # type: ignore[index]

    def _reduce(self, step: Step, names: dict[str, Any], operands: list[Any]) -> list[Any]:
        """Combine both halves until one element is left: blocks have a power of two of elements."""
        axis = step.numbers("axis")[0]
        values = [np.moveaxis(each, axis, 0) for each in operands]
        while (half := len(values[0]) // 2) > 0:
            values = self._run(
                step.regions[0],
                names,
                [part for side in (slice(half), slice(half, 2 * half)) for part in (each[side] for each in values)],
            )
        return [each[0] for each in values]

    def _scan(self, step: Step, names: dict[str, Any], operands: list[Any]) -> list[Any]:
        axis, backwards = step.numbers("axis")[0], "reverse = true" in step.text
        moved = [np.moveaxis(each, axis, 0)[:: -1 if backwards else 1] for each in operands]
        values, rows = [each[0] for each in moved], []
        rows.append(values)
        for index in range(1, len(moved[0])):
            values = self._run(step.regions[0], names, [*values, *(each[index] for each in moved)])
            rows.append(values)
        stacked = [np.stack(each)[:: -1 if backwards else 1] for each in zip(*rows, strict=True)]
        return [np.moveaxis(each, 0, axis) for each in stacked]

    # ----------------------------------------------------------------------------------------- memory

    def _load(self, step: Step, pointers: Any, mask: Any = True, other: Any = 0) -> Any:
        pointers, mask, pointed = self._addresses(step, pointers, mask)
        if isinstance(mask, np.ndarray) and step.numbers("padding") == [2]:
            other = np.nan
        result = np.array(np.broadcast_to(other, pointers.shape), pointed)
        for buffer, within, places in self._accessed("load", pointers, mask, pointed):
            result[within] = buffer.data.view(pointed)[places]
        return result

    def _store(self, step: Step, pointers: Any, value: Any, mask: Any = True) -> None:
        pointers, mask, pointed = self._addresses(step, pointers, mask)
        value = np.broadcast_to(value, pointers.shape)
        for buffer, within, places in self._accessed("store", pointers, mask, pointed):
            buffer.data.view(pointed)[places] = value[within]

    def _atomic(self, step: Step, pointers: Any, value: Any, mask: Any = True) -> Any:
        kind = step.text.split(",")[0].strip()
        if kind not in ATOMICS:
            raise MeterError(f"{self.kernel}: tl.atomic_{kind} isn't known here")
        pointed = np.asarray(value).dtype
        pointers, mask = np.asarray(pointers), np.broadcast_to(mask, np.shape(pointers))
        value = np.broadcast_to(value, pointers.shape)
        before = np.zeros(pointers.shape, pointed)
        for buffer, within, places in self._accessed("add", pointers, mask, pointed):
            before[within] = buffer.data.view(pointed)[places]
            ATOMICS[kind].at(buffer.data.view(pointed), places, value[within])
        return before

    def _addresses(self, step: Step, pointers: Any, mask: Any) -> tuple[np.ndarray, np.ndarray, np.dtype]:
        if isinstance(pointers, BlockPointer):
            return *pointers.pointers(step.numbers("boundaryCheck")), pointers.pointed
        pointed = type_of(step.text.rsplit(" : ", 1)[-1]).pointed
        if pointed is None:
            raise MeterError("a load or store without a pointer")
        return np.asarray(pointers), np.broadcast_to(mask, np.shape(pointers)), pointed

    def _accessed(
        self, kind: str, pointers: np.ndarray, mask: np.ndarray, pointed: np.dtype
    ) -> Iterator[tuple[Buffer, np.ndarray, np.ndarray]]:
        """Check and count an access. Yield the buffers, where in the block they are accessed, and at which places."""
        self.accesses += 1
        if self.accesses > MOST_ACCESSES:
            raise MeterError(
                f"{self.kernel}: the kernels of this call have loaded and stored {MOST_ACCESSES} times, the limit "
                "here. Load whole blocks, and check where each loop ends"
            )
        numbers = (pointers >> SHIFT) - 1
        for number in np.unique(numbers[mask]):
            within = mask & (numbers == number)
            if not 0 <= number < len(self.buffers):
                self._outside(kind, int(within.sum()), "every tensor that it was given")
            buffer = self.buffers[number]
            if pointed.itemsize != buffer.data.itemsize:
                raise MeterError(f"{self._where()}: {buffer.name} has elements of {buffer.data.itemsize} bytes")
            places = (pointers[within] & ((1 << SHIFT) - 1)) // pointed.itemsize
            behind = places >= len(buffer.data)
            if behind.any():
                self._outside(kind, int(behind.sum()), "every tensor that it was given")
            self._note(kind, buffer, places)
            yield buffer, within, places

    def _note(self, kind: str, buffer: Buffer, places: np.ndarray) -> None:
        outside = ~buffer.allowed[places]
        if outside.any():
            self._outside(kind, int(outside.sum()), f"the elements of {buffer.name}")
        x, y, z = self.program
        program = (x * self.grid[1] + y) * self.grid[2] + z
        once, counts = np.unique(places, return_counts=True)
        others_stored = (buffer.storer[once] != NO_PROGRAM) & (buffer.storer[once] != program)
        if kind == "load":
            buffer.loads[once] += 1
            self._check(others_stored, buffer, "loads", "stores")
            loader = buffer.loader[once]
            buffer.loader[once] = np.where((loader == NO_PROGRAM) | (loader == program), program, SEVERAL_PROGRAMS)
            return
        buffer.stores[once] += counts
        if buffer.is_input:
            raise MeterError(f"{self._where()}: stores in {buffer.name}, which is an input. Make a new tensor")
        if kind == "store":
            if (counts > 1).any():
                raise MeterError(
                    f"{self._where()}: one tl.store stores {int(counts.max())} values in one element of {buffer.name}"
                )
            self._check(others_stored, buffer, "stores", "stores")
        else:
            self._check(others_stored & ~buffer.added[once], buffer, "adds to", "stores")
            buffer.added[once] = True
        loaded = (buffer.loader[once] != NO_PROGRAM) & (buffer.loader[once] != program)
        self._check(loaded, buffer, "stores", "loads")
        buffer.storer[once] = program

    def _check(self, race: np.ndarray, buffer: Buffer, verb: str, others: str) -> None:
        if race.any():
            raise MeterError(
                f"{self._where()}: a race: it {verb} {_counted(int(race.sum()))} of {buffer.name} that another program "
                f"of the same launch {others}. On a GPU the programs run at the same time, in any order"
            )

    def _outside(self, kind: str, count: int, what: str) -> None:
        verb = {"load": "loads", "store": "stores"}.get(kind, "adds to")
        raise MeterError(
            f"{self._where()}: {verb} {_counted(count)} outside {what}. Check the mask, the strides and the offsets"
        )

    def _where(self) -> str:
        return f"{self.kernel}, program {self.program}"

    # ------------------------------------------------------------------------------- the other operations

    def _constant(self, step: Step) -> Any:
        text = step.text.rsplit(" : ", 1)[0].strip()
        if text in ("true", "false"):
            return np.bool_(text == "true")
        text, kind = re.sub(r"^dense<(.*)>$", r"\1", text), step.type()
        value: Any
        if text in ("true", "false"):
            value = text == "true"
        elif text.startswith("0x") and kind.dtype.kind == "f":
            value = np.array(int(text, 16), f"uint{8 * kind.dtype.itemsize}").view(kind.dtype)
        else:
            value = float(text) if kind.dtype.kind == "f" else int(text)
        return np.full(kind.shape, value, kind.dtype) if kind.shape else kind.dtype.type(value)

    def _shaped(self, step: Step, value: Any) -> Any:
        return np.broadcast_to(value, step.type().shape)

    def _reshape(self, step: Step, value: Any) -> Any:
        return np.reshape(value, step.type().shape)

    def _cast(self, step: Step, value: Any) -> Any:
        return value.astype(step.type().dtype)

    def _unsigned_cast(self, step: Step, value: Any) -> Any:
        return _unsigned(value).astype(step.type().dtype)

    def _signed_cast(self, step: Step, value: Any) -> Any:
        return -value.astype(step.type().dtype) if value.dtype == bool else value.astype(step.type().dtype)

    def _bitcast(self, step: Step, value: Any) -> Any:
        return value if step.type().pointed else value.view(step.type().dtype)

    def _poison(self, step: Step) -> Any:
        kind = step.type()
        return np.zeros(kind.shape, kind.dtype)

    def _range(self, step: Step) -> Any:
        (start,), (end,) = step.numbers("start"), step.numbers("end")
        return np.arange(start, end, dtype=np.int32)

    def _compare(self, step: Step, left: Any, right: Any) -> Any:
        kind = step.text.split(",")[0].strip()
        if step.name == "arith.cmpi":
            signed = kind in ("eq", "ne") or kind[0] == "s"
            sides = (left, right) if signed else (_unsigned(left), _unsigned(right))
            return COMPARISONS[kind[-2:]](*sides)
        unordered = np.isnan(left) | np.isnan(right)
        if kind in ("ord", "uno"):
            return unordered if kind == "uno" else ~unordered
        found = COMPARISONS[kind[1:]](left, right)
        return found | unordered if kind[0] == "u" else found & ~unordered

    def _add_to_pointer(self, step: Step, pointer: Any, offset: Any) -> Any:
        pointed = type_of(step.text.rsplit(" : ", 1)[-1]).pointed
        if pointed is None:
            raise MeterError("a pointer without a type")
        return pointer + offset.astype(np.int64) * pointed.itemsize

    def _program_id(self, step: Step) -> Any:
        return np.int32(self.program["xyz".index(step.text.split()[0])])

    def _num_programs(self, step: Step) -> Any:
        return np.int32(self.grid["xyz".index(step.text.split()[0])])

    def _dot(self, step: Step, a: Any, b: Any, c: Any) -> Any:
        return np.matmul(a.astype(c.dtype), b.astype(c.dtype)) + c

    def _make_block_pointer(self, step: Step, base: Any, *rest: Any) -> BlockPointer:
        kind = type_of(step.text.rsplit(" : ", 1)[-1])
        axes = len(kind.shape)
        shape, strides, offsets = ([int(each) for each in rest[i * axes : (i + 1) * axes]] for i in range(3))
        return BlockPointer(base, kind.dtype, shape, strides, offsets, kind.shape)

    def _advance(self, step: Step, pointer: Any, *by: Any) -> BlockPointer:
        moved = [offset + int(each) for offset, each in zip(pointer.offsets, by, strict=True)]
        return BlockPointer(pointer.base, pointer.pointed, pointer.shape, pointer.strides, moved, pointer.block)

    def _expand(self, step: Step, value: Any) -> Any:
        return np.expand_dims(value, step.numbers("axis")[0])

    def _transpose(self, step: Step, value: Any) -> Any:
        return np.transpose(value, step.numbers("order"))

    def _gather(self, step: Step, value: Any, indices: Any) -> Any:
        return np.take_along_axis(value, indices, step.numbers("axis")[0])

    def _lock(self, step: Step, *_: Any) -> Any:
        raise MeterError(
            "tl.atomic_cas builds a lock, and programs that wait for each other can't run one after the other. Use "
            "tl.atomic_add, or give each program rows of its own for its partial sums"
        )

    def _print(self, step: Step, *values: Any) -> None:
        label = re.search(r'"([^"]*)"', step.text)
        self.say(f"{self._where()}{label[1] if label else ''} {' '.join(map(str, values))}")

    def _assert(self, step: Step, condition: Any) -> None:
        if not np.all(condition):
            raise MeterError(f"{self._where()}: {step.text.split(' : ')[0].split(',', 1)[-1].strip()} doesn't hold")


def _inside(place: Place, buffers: list[Buffer]) -> np.ndarray:
    """Return a tensor's positions in its buffer. Raises MeterError if one is outside."""
    elements = place.elements()
    if not 0 <= place.buffer < len(buffers):
        raise MeterError("a tensor in no buffer")
    if elements.size and (elements.min() < 0 or elements.max() >= len(buffers[place.buffer].data)):
        raise MeterError(f"a tensor reaches outside {buffers[place.buffer].name}")
    return elements


def _counted(number: int) -> str:
    return f"{number} element{'s' * (number != 1)}"


def _unsigned(value: Any) -> Any:
    return value if value.dtype == bool else value.view(f"u{value.dtype}")


def _divide(left: Any, right: Any) -> Any:
    return ((left - np.fmod(left, right)) // right).astype(left.dtype)  # rounds to zero, as processors do


def _of_unsigned(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*map(_unsigned, values)).view(values[0].dtype)


def _error_function(value: Any) -> Any:
    return np.vectorize(math.erf, otypes=[value.dtype])(value)


COMPARISONS = {name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
ATOMICS = {"fadd": np.add, "add": np.add, "max": np.maximum, "min": np.minimum, "umax": np.maximum, "umin": np.minimum}
ENDS = frozenset(["tt.return", "scf.yield", "scf.condition", "tt.reduce.return", "tt.scan.return"])
MATHS = ("exp", "exp2", "log", "log2", "sqrt", "sin", "cos", "floor", "ceil", "tanh")
CASTS = ("trunci", "sitofp", "fptosi", "fptoui", "extf", "truncf", "index_cast")
SCF = {
    "scf.for": Machine._for,
    "scf.while": Machine._while,
    "scf.if": Machine._if,
    "tt.call": Machine._called,
    "tt.reduce": Machine._reduce,
    "tt.scan": Machine._scan,
}
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    **{f"arith.{name}": np.add for name in ("addi", "addf")},
    **{f"arith.{name}": np.subtract for name in ("subi", "subf")},
    **{f"arith.{name}": np.multiply for name in ("muli", "mulf")},
    **dict.fromkeys(("arith.divf", "tt.precise_divf"), np.divide),
    **{f"arith.{name}": np.fmod for name in ("remsi", "remf")},
    **{f"arith.{name}": np.fmin for name in ("minsi", "minnumf")},
    **{f"arith.{name}": np.fmax for name in ("maxsi", "maxnumf")},
    "arith.divsi": _divide,
    "arith.divui": _of_unsigned(np.floor_divide),
    "arith.remui": _of_unsigned(np.fmod),
    "arith.minui": _of_unsigned(np.minimum),
    "arith.maxui": _of_unsigned(np.maximum),
    "arith.minimumf": np.minimum,
    "arith.maximumf": np.maximum,
    "arith.negf": np.negative,
    "arith.andi": np.bitwise_and,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
    "arith.shli": np.left_shift,
    "arith.shrsi": np.right_shift,
    "arith.shrui": _of_unsigned(np.right_shift),
    "arith.select": np.where,
    "math.absi": np.abs,
    "math.absf": np.abs,
    "math.fma": lambda x, y, z: x * y + z,
    "math.rsqrt": lambda x: 1 / np.sqrt(x),
    "math.erf": _error_function,
    **{f"math.{name}": getattr(np, name) for name in MATHS},
    "tt.precise_sqrt": np.sqrt,
    "tt.clampf": np.clip,
    "tt.join": lambda left, right: np.stack([left, right], -1),
    "tt.cat": lambda left, right: np.concatenate([left, right]),
    "tt.split": lambda value: [value[..., 0], value[..., 1]],
    "tt.assume": lambda _: None,
    "llvm.intr.assume": lambda _: None,
    "gpu.barrier": lambda: None,
}
OPERATIONS: dict[str, Callable[..., Any]] = {
    "arith.constant": Machine._constant,
    "arith.cmpi": Machine._compare,
    "arith.cmpf": Machine._compare,
    "arith.extsi": Machine._signed_cast,
    **{f"arith.{name}": Machine._unsigned_cast for name in ("extui", "uitofp")},
    **{f"arith.{name}": Machine._cast for name in CASTS},
    "tt.fp_to_fp": Machine._cast,
    "arith.bitcast": Machine._bitcast,
    "tt.bitcast": Machine._bitcast,
    "ub.poison": Machine._poison,
    "tt.get_program_id": Machine._program_id,
    "tt.get_num_programs": Machine._num_programs,
    "tt.make_range": Machine._range,
    "tt.splat": Machine._shaped,
    "tt.broadcast": Machine._shaped,
    "tt.unsplat": lambda _, __, value: value.reshape(-1)[0],
    "tt.expand_dims": Machine._expand,
    "tt.trans": Machine._transpose,
    "tt.reshape": Machine._reshape,
    "tt.gather": Machine._gather,
    "tt.dot": Machine._dot,
    "tt.addptr": Machine._add_to_pointer,
    "tt.make_tensor_ptr": Machine._make_block_pointer,
    "tt.advance": Machine._advance,
    "tt.load": Machine._load,
    "tt.store": Machine._store,
    "tt.atomic_rmw": Machine._atomic,
    "tt.atomic_cas": Machine._lock,
    "tt.print": Machine._print,
    "tt.assert": Machine._assert,
}
