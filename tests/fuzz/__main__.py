"""`python -m tests.fuzz CASES`: a service over two documents, and schemathesis on all of its API.

The service is a process of its own, with its jobs, on a folder that is removed at the end. Ends with what schemathesis
ends with, or with 1 when the service is not ready any more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import httpx

from tests.cli.conftest import ROOT, environment_for, fill, runner
from tests.cli.test_serve import start
from tests.fuzz.rules import CHECKS, CONFIGURATION

SEED = "7"
LOG = ROOT / "fuzz.log"
"""What the service wrote meanwhile."""
PAGES = ROOT / "demo/documents/policies/travel-policy-2026.pdf"


def main(cases: int) -> int:
    """About so many cases, spread over the operations; those that take nothing have a few only."""
    with tempfile.TemporaryDirectory(prefix="touchstone-fuzz-") as name:
        folder = Path(name)
        process, url = start(folder)
        assert process.stderr
        with process, LOG.open("w") as log:
            listening = threading.Thread(target=shutil.copyfileobj, args=(process.stderr, log))
            listening.start()
            try:
                code = _fuzzed(folder, url, cases)
            finally:
                process.terminate()
                listening.join()
    return code


def _fuzzed(folder: Path, url: str, cases: int) -> int:
    source = fill(folder)
    shutil.copy(PAGES, source)
    runner(folder)("ingest", source)
    operations = sum(map(len, httpx.get(f"{url}/openapi.json").json()["paths"].values()))
    key = runner(folder)("keys", "create", "--name", "fuzz", "--scope", "admin", "--json").json["key"]
    (folder / "known.json").write_text(json.dumps(_known(url, key)))
    code = _schemathesis(url, folder, key, -(-cases * 3 // (2 * operations)))
    return code or int(httpx.get(f"{url}/readyz").status_code != 200)


def _known(url: str, key: str) -> dict[str, list[str]]:
    """Ids that exist, by the parameter that takes them."""
    with httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}) as client:
        documents = client.get("/documents").raise_for_status().json()["documents"]
        jobs = client.get("/ingestions").raise_for_status().json()["jobs"]
    return {"document_id": [row["id"] for row in documents], "job_id": [row["job_id"] for row in jobs]}


def _schemathesis(url: str, folder: Path, key: str, examples: int) -> int:
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", "--checks", ",".join(CHECKS),
        "--header", f"Authorization: Bearer {key}",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", SEED,
        "--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all",
    ]  # fmt: skip
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    environment = environment_for(folder / "data") | {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks"}
    return subprocess.run(command, cwd=folder, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
