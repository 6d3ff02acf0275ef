"""A model server in a process of its own that takes its time and writes down every call before it replies.

    python -m tests.evaluation.run.paid_model LEDGER [SECONDS]

Prints its URL. A line of the ledger is the SHA-256 of a prompt: what a provider would bill. The reply depends on the
prompt alone: it quotes the first words of the first passage.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).parents[3]
PASSAGE = re.compile(r"\[passage 1 begins, code \w+\]\n.*?\n\n(.*?)\n\[passage 1 ends", re.DOTALL)


def reply(prompt: str) -> str:
    """What the model says to a prompt."""
    shown = PASSAGE.search(prompt)
    words = " ".join(shown[1].split()[:12]) if shown else "I would say 40 francs"
    return json.dumps({"quotes": [{"passage": 1, "text": words}] if shown else [], "answer": words})


def completion(prompt: str) -> bytes:
    message = {"role": "assistant", "content": reply(prompt)}
    usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 20, "total_tokens": len(prompt) // 4 + 20}
    body = {"id": "x", "object": "chat.completion", "created": 0, "model": "paid-2026-11-01", "usage": usage}
    return json.dumps(body | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


async def serve(ledger: BinaryIO, seconds: float) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.split("content-length:")[1].split("\r\n")[0])
                prompt = json.loads(await reader.readexactly(length))["messages"][0]["content"]
                ledger.write(hashlib.sha256(prompt.encode()).hexdigest().encode() + b"\n")
                await asyncio.sleep(seconds)
                body = completion(prompt)
                start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


@contextmanager
def paid_model(ledger: Path, seconds: float) -> Iterator[str]:
    """Its URL, while it runs."""
    words = [sys.executable, "-m", "tests.evaluation.run.paid_model", str(ledger), str(seconds)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    with Path(sys.argv[1]).open("ab", buffering=0) as opened:
        asyncio.run(serve(opened, float(sys.argv[2]) if len(sys.argv) > 2 else 0.5))
