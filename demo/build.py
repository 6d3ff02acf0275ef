"""Builds the demo corpus: `python -m demo.build [OUT]`, by default into demo/documents.

A source named `x.pdf.md` is rendered to `x.pdf`; a source with one suffix (`x.md`, `x.csv`, `x.txt`) is
copied as it is. Sources under `attachments/` are built into the mail that names them. The same sources give
the same bytes with the same library versions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from demo import DOCUMENTS
from demo.render.blocks import read_source, split_front_matter
from demo.render.docx import render_docx
from demo.render.html import render_html
from demo.render.mail import render_mail
from demo.render.pdf import render_pdf
from demo.render.pptx import render_pptx
from demo.render.xlsx import render_xlsx

SOURCE = Path(__file__).parent / "source"

_RENDERERS: dict[str, Callable[[str], bytes]] = {
    ".pdf": lambda text: render_pdf(read_source(text)),
    ".docx": lambda text: render_docx(read_source(text)),
    ".pptx": lambda text: render_pptx(read_source(text)),
    ".xlsx": lambda text: render_xlsx(read_source(text)),
    ".html": render_html,
}


def build(out: Path) -> list[str]:
    """Writes every document under `out` and returns their names, sorted. Files already there are overwritten."""
    names = []
    for source in sorted(SOURCE.rglob("*")):
        if source.is_file() and source.parent.name != "attachments":
            name, content = build_one(source)
            target = out / source.relative_to(SOURCE).with_name(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            names.append(target.relative_to(out).as_posix())
    return sorted(names)


def build_one(source: Path) -> tuple[str, bytes]:
    """The file name and the bytes that one source becomes."""
    kind = source.with_suffix("").suffix
    if not kind:
        return source.name, source.read_bytes()
    name, text = source.name.removesuffix(".md"), source.read_text("utf-8")
    if kind == ".eml":
        return name, _mail(text, name=name)
    return name, _RENDERERS[kind](text)


def _mail(text: str, *, name: str) -> bytes:
    meta, _ = split_front_matter(text)
    attached = [build_one(SOURCE / "mail" / "attachments" / f"{each}.md") for each in meta.get("attach", "").split()]
    return render_mail(text, dict(attached), name=name.removesuffix(".eml"))


if __name__ == "__main__":
    written = build(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
    sys.stdout.write(f"{len(written)} documents\n")
