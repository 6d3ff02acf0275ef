"""Ways to ask for one document, and replies made comparable."""

from __future__ import annotations

import re
from typing import Any

WORDS = "parental leave of sixteen weeks is paid to everybody who becomes a parent"
"""What every document says."""


def called(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call of a tool as an assistant sends it."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def probes(collection: str, name: str, key: str) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Every way to ask for one document."""
    within = {"collection": collection, "documents": [name]}
    return [
        ("GET", f"/v1/documents/{key}", None),
        ("GET", f"/v1/documents/{key}/text", None),
        ("GET", f"/v1/documents/{key}/pages/1.png", None),
        ("DELETE", f"/v1/documents/{key}", None),
        ("POST", "/v1/search", {"text": WORDS, **within}),
        ("POST", "/v1/search", {"text": WORDS, "collection": collection, "trace": name}),
        ("POST", "/v1/query", {"question": WORDS, "mode": "documents", **within}),
        ("POST", "/v1/query", {"question": WORDS, **within}),
        ("POST", "/mcp", called("read_document", {"document": name, "collection": collection})),
        ("POST", "/mcp", called("ask", {"question": WORDS, **within})),
    ]


def blurred(text: str) -> str:
    """A reply without what differs from one request to the next; a tool's reply holds JSON as text, marks escaped."""
    stages = r'(\\*"timings_ms\\*"):\s*\{([^}]*)\}'
    plain = re.sub(stages, lambda m: f"{m[1]}: {sorted(re.findall(r'[a-z]+', m[2]))}", text)
    return re.sub(r'\\*"request_id\\*":\s*\\*"[^"]*"', "", plain)
