"""Source to intranet page, with the navigation and footer that real intranet pages carry."""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

from demo.render.blocks import split_front_matter

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title} | Tarnbeck Intranet</title>
<meta name="author" content="{owner}">
<style>
body {{ font: 15px/1.5 Calibri, Arial, sans-serif; margin: 0; color: #222; }}
header, footer {{ background: #1b3a4b; color: #fff; padding: 10px 24px; }}
nav a, footer a {{ color: #cfe3ee; margin-right: 14px; }}
main {{ max-width: 860px; margin: 24px auto; }}
table {{ border-collapse: collapse; }} td, th {{ border: 1px solid #b9c6cf; padding: 4px 10px; text-align: left; }}
</style>
<script>document.documentElement.dataset.page = "{title}";</script>
</head>
<body>
<header>
<strong>Tarnbeck Intranet</strong>
<nav>
<a href="/home">Home</a> <a href="/people">People finder</a> <a href="/canteen">Canteen menu</a>
<a href="/forms">Forms</a> <a href="/it">IT service desk</a> <a href="/news">News</a>
</nav>
</header>
<main>
<h1>{title}</h1>
<p class="byline">Page owner: {owner}. Last updated: {updated}.</p>
{body}
</main>
<footer>
<p>Was this page helpful? <a href="/feedback">Tell us</a> | <a href="/print">Print</a> |
<a href="/top">Back to top</a></p>
<p>Internal use only. Tarnbeck Fluid Systems Ltd.</p>
</footer>
</body>
</html>
"""


def render_html(text: str) -> bytes:
    """The page's bytes from a source text. Front matter: title, owner, updated."""
    meta, body = split_front_matter(text)
    shown = {key: escape(meta[key]) for key in ("title", "owner", "updated")}
    return PAGE.format(body=MarkdownIt("commonmark").enable("table").render(body), **shown).encode()
