"""PowerPoint files made here, with what a reader of shapes alone passes by."""

from __future__ import annotations

import io
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from core.documents import Parsed
from ingest.parsers import protocol
from ingest.parsers.office import parse_pptx
from tests.ingest.parsers.elements import elements

PLACE = Inches(1), Inches(2), Inches(6), Inches(2)


def deck(*titles: str) -> tuple[Any, list[Any]]:
    presentation = Presentation()
    slides = [presentation.slides.add_slide(presentation.slide_layouts[5]) for _ in titles]
    for slide, title in zip(slides, titles, strict=True):
        slide.shapes.title.text = title
    return presentation, slides


def read(presentation: Any) -> Parsed:
    stream = io.BytesIO()
    presentation.save(stream)
    return parse_pptx(stream.getvalue(), name="a.pptx")


def test_a_chart_is_a_table_with_its_title() -> None:
    presentation, (slide,) = deck("Complaints")
    data = CategoryChartData()
    data.categories = ["Wels", "Graz"]
    data.add_series("2024", (41, 33.5))
    data.add_series("2025", (29, None))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.LINE, *PLACE, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Complaints per year"
    assert elements(read(presentation)) == [
        ("heading", 1, "Complaints"),
        ("paragraph", 0, "Complaints per year"),
        ("table", 0, "\t2024\t2025\nWels\t41\t29\nGraz\t33.5"),
    ]


def test_a_merged_label_stands_in_each_row_that_it_covers() -> None:
    presentation, (slide,) = deck("Tariffs")
    table = slide.shapes.add_table(3, 3, *PLACE).table
    for number, row in enumerate((("Region", "Site", "EUR"), ("North", "Bergen", "4.10"), ("", "Narvik", "5.25"))):
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert elements(read(presentation))[1:] == [
        ("table", 0, "Region\tSite\tEUR\nNorth\tBergen\t4.10\nNorth\tNarvik\t5.25")
    ]


def test_hidden_slides_are_left_out_and_named_unless_they_are_asked_for() -> None:
    presentation, slides = deck("Costs", "Salaries", "Layoffs")
    for slide in slides[1:]:
        slide._element.set("show", "0")
    parsed = read(presentation)
    assert (parsed.text, parsed.notes) == ("Costs", ("slides 2-3 are hidden and were left out",))
    token = protocol.hidden.set(True)
    try:
        assert read(presentation).text == "Costs\n\nSalaries\n\nLayoffs"
    finally:
        protocol.hidden.reset(token)


def test_a_raised_mark_after_a_figure_is_set_off() -> None:
    presentation, (slide,) = deck("Growth")
    line = slide.shapes.add_textbox(*PLACE).text_frame.paragraphs[0]
    for text in ("It rose to 8.41", "2", " million, on 40 m", "3", "."):
        run = line.add_run()
        run.text = text
        if len(text) == 1 and text.isdigit():
            run.font._element.set("baseline", "30000")
    assert "It rose to 8.41 [2] million, on 40 m3." in read(presentation).text
