"""Equations of Office documents as linear text: (Q·H)/(3600·η), x^(2), √(x)."""

from __future__ import annotations

from typing import Any

MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
Node = Any
"""An element of lxml, which has no types."""


def linear(node: Node) -> str:
    """The text of an equation, or of a part of one. Parts of two or more letters are put in brackets."""
    tag = node.tag.removeprefix(MATH) if isinstance(node.tag, str) else ""
    if tag == "t":
        return node.text or ""
    part = {child.tag.removeprefix(MATH): child for child in node if isinstance(child.tag, str)}
    if tag == "f":
        return f"{_whole(part, 'num')}/{_whole(part, 'den')}"
    if tag in {"sSup", "sSub", "sSubSup"}:
        low = f"_{_whole(part, 'sub')}" if "sub" in part else ""
        return _text(part, "e") + low + (f"^{_whole(part, 'sup')}" if "sup" in part else "")
    if tag == "rad":
        degree = _text(part, "deg")
        return f"{degree and f'{degree}.'}√({_text(part, 'e')})"
    if tag == "nary":
        sign = part["naryPr"].find(f"{MATH}chr") if "naryPr" in part else None
        low, high = _text(part, "sub"), _text(part, "sup")
        limits = (f"_({low})" if low else "") + (f"^({high})" if high else "")
        return f"{(sign.get(f'{MATH}val') if sign is not None else None) or '∫'}{limits} {_text(part, 'e')}"
    if tag == "d":
        return _between(node, part)
    if tag == "mr":
        return ", ".join(linear(child) for child in node)
    if tag == "m":
        return "; ".join(linear(child) for child in node.iterchildren(f"{MATH}mr"))
    return "".join(linear(child) for child in node)


def _between(node: Node, part: dict[str, Node]) -> str:
    """What stands in brackets, as they are drawn."""
    said = part.get("dPr")
    ends = [said.find(f"{MATH}{name}") if said is not None else None for name in ("begChr", "endChr")]
    signs = [sign.get(f"{MATH}val") if sign is not None else None for sign in ends]
    opening, closing = (said if said is not None else usual for said, usual in zip(signs, "()", strict=True))
    return opening + ", ".join(linear(child) for child in node.iterchildren(f"{MATH}e")) + closing


def _text(part: dict[str, Node], name: str) -> str:
    return linear(part[name]).strip() if name in part else ""


def _whole(part: dict[str, Node], name: str) -> str:
    """A part, in brackets where it is more than one number or letter."""
    text = _text(part, name)
    return text if len(text) <= 1 or text.isdigit() else f"({text})"
