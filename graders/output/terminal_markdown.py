"""Show a trusted Markdown text in a terminal: headings underlined, formulas as text, answers at the end."""

from __future__ import annotations

import re

from graders.output.paragraphs import filled

FOLDED = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>\n?", re.DOTALL)
_BLOCK = re.compile(r"^\$\$(.*?)\$\$$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(`[^`\n]+`)|\$([^$]+)\$|\*\*([^*]+)\*\*")
_LATER = "({summary}: see the end of this text.)"


def shown(text: str, width: int) -> str:
    """Return a Markdown text as plain text of this width. Code keeps its lines, and <details> move to the end."""
    folded = [(" ".join(title.split()), body.strip()) for title, body in FOLDED.findall(text)]
    text = FOLDED.sub(lambda found: _LATER.format(summary=" ".join(found[1].split())) + "\n", text)
    for title, body in folded:
        text = f"{text.rstrip()}\n\n## {title}\n\n{body}\n"
    pieces = re.split(r"(^```\w*\n.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(_code(piece) if piece.startswith("```") else _prose(piece, width) for piece in pieces).rstrip("\n")


def _code(piece: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in piece.split("\n")[1:-1])  # without its fences


def _prose(piece: str, width: int) -> str:
    text = _BLOCK.sub(lambda found: _block(as_text(found[1]), width), piece)
    text = _INLINE.sub(lambda found: found[1] or (as_text(found[2]) if found[2] else found[3]), text)
    return re.sub(r"^(#+) (.*)$", _heading, filled(text, width), flags=re.MULTILINE)


def _block(formula: str, width: int) -> str:
    """Return a formula of its own, indented. If several don't fit on one line, each gets its own."""
    lines = [formula] if len(formula) + 4 <= width else formula.split(_GAP)
    return "\n".join(f"    {line}" for line in lines)


def _heading(found: re.Match[str]) -> str:
    return f"{found[2]}\n{('=' if len(found[1]) == 1 else '-') * len(found[2])}"


# -------------------------------------------------------------------------------------------- formulas

_WIDE = "\u2003"  # a wide space; it becomes a gap
_GAP = " " * 3  # between formulas on one line
_SIGNS = """
alpha α  beta β  gamma γ  delta δ  Delta Δ  epsilon ε  varepsilon ε  eta η  theta θ  lambda λ  mu μ  pi π  sigma σ
phi φ  varphi φ  top ⊤  partial ∂  sum Σ  dots …  ldots …  infty ∞  prime ′
"""
_OPERATORS = "cdot ·  times ×  odot ⊙  le ≤  ge ≥  approx ≈  ne ≠  in ∈  to →  leftarrow ←"  # with a space on each side
_SPACES = {"quad": _WIDE, "qquad": _WIDE, " ": " ", ",": " ", ";": " ", "!": "", "big": "", "Big": ""}
_FUNCTIONS = {name: f"{name} " for name in ("log", "exp", "max", "min", "tanh")}
_SYMBOLS = (
    dict(each.split() for each in re.split(r"\s{2,}|\n", _SIGNS.strip()))
    | {name: f" {sign} " for name, sign in (each.split() for each in _OPERATORS.split("  "))}
    | _FUNCTIONS
    | _SPACES
)
_ATTACHED = {"partial"}  # a space after these is not shown
_ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304"}
_RAISED = dict(zip("0123456789+-=()in⊤T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿᵀᵀ", strict=True)) | {"m": "ᵐ", "k": "ᵏ", "′": "′"}
_LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_TOKEN = re.compile(r"\\begin\{cases\}.*?\\end\{cases\}|\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)


class _UnknownCommand(Exception):
    """A formula uses a command that this module does not know."""


def as_text(formula: str) -> str:
    """Return a formula as text on one line, or unchanged if it contains an unknown command."""
    try:
        text = _Reader(formula).rest()
    except (_UnknownCommand, IndexError):
        return formula.strip()
    return _GAP.join(_tidied(part) for part in text.split(_WIDE) if part.strip())


def _tidied(text: str) -> str:
    """Return the text with single spaces, and none next to the inner side of a bracket or before a comma."""
    text = re.sub(r"\s+", " ", text).replace(" - ", " − ").strip()
    return re.sub(r"(?<=\() | (?=[),;])", "", text)


class _Reader:
    """Reads a formula from left to right."""

    def __init__(self, formula: str) -> None:
        self.tokens = _TOKEN.findall(formula)

    def rest(self) -> str:
        """Return the text up to the closing brace or the end."""
        parts: list[str] = []
        while self.tokens and self.tokens[0] != "}":
            parts.append(self.atom())
        del self.tokens[:1]
        return "".join(parts)

    def atom(self) -> str:
        """Return the text of the next symbol, group or command with its arguments."""
        token = self.tokens.pop(0)
        if token == "{":
            return self.rest()
        if token in "^_":
            word = "".join(self.tokens[:2]).startswith(("\\mathrm", "\\text", "{\\mathrm", "{\\text"))
            return _shifted(self.argument(), raised=token == "^", small=not word)
        if token.startswith("\\begin"):
            return _cases(token)
        if token.startswith("\\"):
            return self.command(token[1:])
        return " " if token.isspace() else token.replace("'", "′")

    def argument(self) -> str:
        """Return the next symbol or group, without the spaces around it."""
        while self.tokens[0].isspace():
            self.tokens.pop(0)
        return self.atom().strip()

    def command(self, name: str) -> str:
        if name in ("frac", "tfrac"):
            above, below = (f"({each})" if " " in each else each for each in (self.argument(), self.argument()))
            return "½" if (above, below) == ("1", "2") else f"{above}/{below}"
        if name == "sqrt":
            inner = self.argument()
            return f"√({inner})" if re.search("[ /]", inner) else f"√{inner}"
        if name in ("mathrm", "text", "mathbf", "operatorname"):  # spaces in a group of words count
            return self.atom() if self.tokens[0] == "{" else self.argument()
        if name in _ACCENTS:
            return self.argument() + _ACCENTS[name]
        if name not in _SYMBOLS:
            raise _UnknownCommand(name)
        if name in _ATTACHED and self.tokens and self.tokens[0].isspace():
            self.tokens.pop(0)
        return _SYMBOLS[name]


def _shifted(text: str, *, raised: bool, small: bool) -> str:
    """Return a superscript or a subscript. If `small`, use small characters if all of them exist."""
    known = _RAISED if raised else _LOWERED
    if small and all(each in known for each in text):
        return "".join(known[each] for each in text)
    sign = "^" if raised else "_"
    return f"{sign}{text}" if text.isascii() and text.isalnum() else f"{sign}({text})"


def _cases(block: str) -> str:
    """Return `1 if x > 0; 0 otherwise` for a formula with several cases."""
    rows = block.removeprefix("\\begin{cases}").removesuffix("\\end{cases}").split("\\\\")
    found = []
    for row in rows:
        value, _, when = (_Reader(part).rest().strip() for part in row.partition("&"))
        found.append(value if not when else f"{value} {'' if when == 'otherwise' else 'if '}{when}")
    return "; ".join(found)
