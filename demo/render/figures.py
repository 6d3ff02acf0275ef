"""The line drawings of the manuals, drawn to the width they are given."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors

INK = colors.HexColor("#1b3a4b")
BLUE = colors.HexColor("#5c93b3")
PALE = colors.HexColor("#dfe9ef")


def draw(name: str, width: float) -> Drawing:
    """The figure of that name."""
    return _FIGURES[name](width)


def _lobes(width: float) -> Drawing:
    """Two three-lobe rotors in their casing, ports left and right."""
    drawing = Drawing(width, 200)
    middle = width / 2
    for y in (61, 139):
        drawing.add(Circle(middle, y, 58, strokeColor=INK, fillColor=PALE, strokeWidth=2))
    for side in (-1, 1):
        drawing.add(Rect(middle + side * 104 - 50, 75, 100, 50, strokeColor=INK, fillColor=PALE, strokeWidth=2))
    for y in (61, 139):
        drawing.add(PolyLine(_rotor(middle, y), strokeColor=INK, strokeWidth=2))
        drawing.add(Circle(middle, y, 9, strokeColor=INK, fillColor=colors.white, strokeWidth=2))
    for side, word in ((-1, "Inlet"), (1, "Outlet")):
        drawing.add(_label(middle + side * 180, 97, word))
    return drawing


def _rotor(x: float, y: float) -> list[float]:
    points: list[float] = []
    for step in range(121):
        angle = 2 * pi * step / 120
        radius = 38 + 14 * cos(3 * (angle - pi / 2))
        points += [x + radius * cos(angle), y + radius * sin(angle)]
    return points


def _cover_bolts(width: float) -> Drawing:
    """The order in which the eight cover bolts are tightened."""
    drawing = Drawing(width, 150)
    x, y = width / 2, 75
    drawing.add(Circle(x, y, 68, strokeColor=INK, fillColor=PALE, strokeWidth=2))
    drawing.add(Circle(x, y, 40, strokeColor=BLUE, fillColor=None))
    for position, number in enumerate((1, 5, 3, 7, 2, 6, 4, 8)):
        angle = pi / 2 - position * pi / 4
        at = (x + 54 * cos(angle), y + 54 * sin(angle))
        drawing.add(Circle(*at, 8, strokeColor=INK, fillColor=colors.white))
        drawing.add(_label(at[0], at[1] - 3, str(number)))
    return drawing


def _pipework(width: float) -> Drawing:
    """Pump, isolating valves, strainer, relief line."""
    drawing = Drawing(width, 120)
    drawing.add(Line(30, 40, width - 30, 40, strokeColor=BLUE, strokeWidth=3))
    drawing.add(PolyLine([width * 0.42, 40, width * 0.42, 90, width * 0.66, 90, width * 0.66, 40], strokeColor=BLUE))
    parts = ((0.14, "Valve A"), (0.28, "Strainer"), (0.54, "Pump"), (0.78, "Check valve"), (0.92, "Valve B"))
    for share, word in parts:
        drawing.add(Rect(width * share - 15, 25, 30, 30, strokeColor=INK, fillColor=PALE))
        drawing.add(_label(width * share, 10, word))
    drawing.add(Rect(width * 0.54 - 12, 80, 24, 20, strokeColor=INK, fillColor=colors.white))
    drawing.add(_label(width * 0.54, 106, "Relief valve"))
    return drawing


def _label(x: float, y: float, word: str) -> String:
    return String(x, y, word, fontName="Helvetica", fontSize=8, textAnchor="middle", fillColor=INK)


_FIGURES: dict[str, Callable[[float], Drawing]] = {"lobes": _lobes, "cover-bolts": _cover_bolts, "pipework": _pipework}
