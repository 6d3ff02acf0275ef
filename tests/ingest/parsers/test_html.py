"""Pages as people see them: tables with spans, raised marks, forms, side notes, tabs and accordions."""

from __future__ import annotations

import pytest

from core.documents import Parsed
from ingest.parsers.office import parse_html


def page(body: str) -> Parsed:
    return parse_html(f"<html><head><title>T</title></head><body><h1>Top</h1>{body}</body></html>".encode(), name="p")


def text_of(body: str) -> str:
    """The text below the heading."""
    return page(body).text.removeprefix("Top").strip()


def tables(parsed: Parsed) -> list[tuple[int, list[str]]]:
    return [(e.header_rows, parsed.text[e.start : e.end].split("\n")) for e in parsed.elements if e.kind == "table"]


def test_a_cell_stands_in_each_row_and_under_each_name_that_it_covers() -> None:
    found = page(
        "<table><tfoot><tr><td colspan=2>All</td><td>9</td><td>8</td></tr></tfoot>"
        "<thead><tr><th rowspan=2>Port<th rowspan=2>Size<th colspan=2>Rate<tr><th>Fixed<th>Spot</thead>"
        "<tbody><tr><td rowspan=2>Genoa<td>20 ft<td>1<td>2<tr><td>40 ft<td colspan=2>closed"
        "<tr><td colspan=4>Asia<tr><td rowspan=2>Izmir<td>20 ft<td>5<td rowspan=2>6<tr><td>40 ft<td>7</table>"
    )
    assert tables(found) == [
        (2, ["Port\tSize\tRate\tRate", "Port\tSize\tFixed\tSpot", "Genoa\t20 ft\t1\t2", "Genoa\t40 ft\tclosed\tclosed",
             "Asia", "Izmir\t20 ft\t5\t6", "Izmir\t40 ft\t7\t6", "All\t\t9\t8"])
    ]  # fmt: skip


def test_a_header_of_two_rows_is_found_without_a_head() -> None:
    found = page(
        "<table><tr><th rowspan=2>Site<th colspan=2>2026<tr><td>Q1<td>Q2<tr><td>Narvik<td>1<td>2</table>"
        "<table><tr><th rowspan=3>A<td>1<tr><td>2<tr><td>3</table>"
    )
    assert tables(found) == [
        (2, ["Site\t2026\t2026", "Site\tQ1\tQ2", "Narvik\t1\t2"]), (0, ["A\t1", "A\t2", "A\t3"]),
    ]  # fmt: skip


def test_a_title_over_all_columns_and_a_caption_stand_before_their_table() -> None:
    found = page("<table><caption>Fees</caption><tr><th colspan=2>2026<tr><th>Item<th>EUR<tr><td>Day<td>12</table>")
    assert found.text.endswith("Fees\n2026\n\nItem\tEUR\nDay\t12")


def test_spans_beyond_the_table_cost_nothing() -> None:
    rows = "".join("<tr><td rowspan=65534 colspan=1000>x</td><td>y</td></tr>" for _ in range(40))
    assert len(page(f"<table>{rows}</table>").text) < 400_000


def test_a_table_that_arranges_the_page_is_no_table_and_those_in_it_are() -> None:
    inner = "<table><tr><th>Item<th>kg<tr><td>Hinge<td>4<tr><td>Latch<td>2</table>"
    found = page(f"<table><tr><td><p>First part.</p></td><td>{inner}</td></tr></table><p>After.</p>")
    assert tables(found) == [(1, ["Item\tkg", "Hinge\t4", "Latch\t2"])]
    assert found.text.index("First part.") < found.text.index("Item") < found.text.index("After.")


def test_a_table_in_a_cell_follows_the_table_that_it_is_in() -> None:
    inner = "<table><tr><td>Size<td>EUR<tr><td>L<td>4</table>"
    found = page(f"<table><tr><th>Item<th>Price<tr><td>Day<td>from 4 {inner} net</table>")
    assert tables(found) == [(1, ["Item\tPrice", "Day\tfrom 4 net"]), (1, ["Size\tEUR", "L\t4"])]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Up to 2,000<sup>3</sup> euros.</p>", "Up to 2,000 [3] euros."),
        ("<p>A share of <b>61.4</b><sup><a href='#n'>[3]</a></sup> percent.</p>", "A share of 61.4 [3] percent."),
        ("<p>It is 8 %<sup>1, 2</sup> now.</p>", "It is 8 % [1, 2] now."),
        ("<p>40 m<sup>3</sup> of air.</p>", "40 m3 of air."),
        ("<p>About 3 × 10<sup>6</sup> cells.</p>", "About 3 × 10^6 cells."),
        ("<p>On the 5<sup>th</sup> of May.</p>", "On the 5th of May."),
        ("<p>H<sub>2</sub>O is wet.</p>", "H2O is wet."),
        ("<table><tr><th>Item<th>Fee<tr><td>Day<td>€ 18<sup>1</sup></table>", "Item\tFee\nDay\t€ 18 [1]"),
    ],
)  # fmt: skip
def test_a_raised_number_after_a_figure_is_set_off(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_a_form_around_a_page_is_content_and_one_to_search_is_not() -> None:
    search = "<form><label>Search this site</label><input name=q><button>Go</button></form>"
    assert text_of(f"{search}<form><input type=hidden value=x1><p>Visitors wear a yellow badge.</p></form>") == (
        "Visitors wear a yellow badge."
    )


def test_boxes_lists_and_fields_of_a_form_show_their_state() -> None:
    shown = text_of(
        "<form><p>The handover of 3 May:</p><p><label><input type=checkbox checked>Laptop</label></p>"
        "<p><label><input type=checkbox>Badge</label></p>"
        "<p>Shift: <select><option>day<option selected>night</select></p><p>Name: <input value='Ada Roy'></p></form>"
    )
    assert shown.split("\n\n")[1:] == ["☒ Laptop", "☐ Badge", "Shift: night", "Name: Ada Roy"]


def test_a_note_beside_the_text_is_content_and_a_list_of_links_is_not() -> None:
    shown = text_of(
        "<aside><ul><li><a href=1>Other pages</a><li><a href=2>More pages on this</a></ul></aside>"
        "<main><p>Run the backup at night.</p><aside>Never stop it.</aside></main>"
        "<aside><p>Support is closed on the 5th of June.</p></aside>"
    )
    assert shown.split("\n\n") == [
        "Run the backup at night.", "Never stop it.", "Support is closed on the 5th of June.",
    ]  # fmt: skip


def test_a_title_beside_the_main_part_is_read() -> None:
    body = "<div><h1>Parking</h1></div><main><p>Guests park on level 2.</p></main><div><a href=1>Next page</a></div>"
    assert parse_html(body.encode(), name="p").text == "Parking\n\nGuests park on level 2."


def test_questions_and_closed_answers_of_an_accordion_are_read() -> None:
    shown = text_of(
        '<h2><button aria-expanded="false" aria-controls="a1">May I park here?</button></h2>'
        '<div id="a1" hidden><p>Guests park on level 2.</p></div>'
        '<button data-bs-target="#a2">And at night?</button><div id="a2" style="display:none">Not at night.</div>'
        "<details><summary>Bicycles</summary>They stand in the yard.</details>"
        "<p>Copy this. <button>Copy</button></p><div hidden><p>Old text.</p></div>"
    )
    assert shown.split("\n\n") == [
        "May I park here?", "Guests park on level 2.", "And at night?", "Not at night.", "Bicycles",
        "They stand in the yard.", "Copy this.",
    ]  # fmt: skip


def test_tabs_and_dialogs_are_read() -> None:
    shown = text_of(
        "<div role=tablist><button role=tab aria-controls=p1>Fees</button><button role=tab>Times</button></div>"
        "<div role=tabpanel id=p1>It costs 4 euros.</div>"
        "<div role=tabpanel style='display:none'>Open from 9 to 5.</div>"
        "<dialog><p>The pass is valid for 12 months.</p><button>Close</button></dialog>"
    )
    for words in ("Fees", "It costs 4 euros.", "Times", "Open from 9 to 5.", "The pass is valid for 12 months."):
        assert words in shown
    assert "Close" not in shown


def test_elements_that_the_reader_passes_over_are_read() -> None:
    shown = text_of(
        "<figure><img src=x><figcaption>The new quay.</figcaption></figure><div>7</div>"
        "<fieldset><legend>Who is asked</legend>Every guest is.</fieldset><x-note>Mind the step.</x-note>"
    )
    assert shown.split("\n\n") == ["The new quay.", "7", "Who is asked", "Every guest is.", "Mind the step."]


def test_a_page_that_hides_most_of_its_words_says_so() -> None:
    hidden = "<div hidden>" + "<p>Words that nobody sees here.</p>" * 20 + "</div>"
    assert page(f"{hidden}<p>One line is left.</p>").notes == (
        "100 of the 105 words of the page stand in hidden or side parts and were left out",
    )
