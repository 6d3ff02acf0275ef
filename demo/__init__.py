"""The demo: documents of a fictional company, and questions about them.

The documents are built by `python -m demo.build` from the texts under demo/source and committed, so that
showing the demo needs no library that writes PDF or office files.
"""

from pathlib import Path

DOCUMENTS = Path(__file__).parent / "documents"
"""The built corpus: a folder to ingest."""
QUESTIONS = Path(__file__).parent / "questions.jsonl"
"""Questions on that corpus with accepted answers and evidence, one JSON object a line."""
