"""`python -m tests.fuzz CASES`: a service over two documents, and schemathesis on all of its API.

The service is a process of its own, with its jobs, on a folder that is removed at the end. Ends with what schemathesis
ends with, or with 1 when the service is not ready any more.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import httpx

from tests.cli.conftest import ROOT, environment_for, fill, runner
from tests.cli.test_serve import start
from tests.fuzz.rules import CHECKS

SEED = "7"
LOG = ROOT / "fuzz.log"
"""What the service wrote meanwhile."""


def main(cases: int) -> int:
    """About so many cases, spread over the operations; those that take nothing have a few only."""
    with tempfile.TemporaryDirectory(prefix="touchstone-fuzz-") as name:
        folder = Path(name)
        process, url = start(folder)
        assert process.stderr
        with process, LOG.open("w") as log:
            listening = threading.Thread(target=shutil.copyfileobj, args=(process.stderr, log))
            listening.start()
            runner(folder)("ingest", fill(folder))
            operations = sum(map(len, httpx.get(f"{url}/openapi.json").json()["paths"].values()))
            made = runner(folder)("keys", "create", "--name", "fuzz", "--scope", "admin", "--json")
            code = _schemathesis(url, folder, made.json["key"], -(-cases * 3 // (2 * operations)))
            ready = httpx.get(f"{url}/readyz").status_code
            process.terminate()
            listening.join()
    return code or int(ready != 200)


def _schemathesis(url: str, folder: Path, key: str, examples: int) -> int:
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", "--checks", ",".join(CHECKS),
        "--header", f"Authorization: Bearer {key}",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", SEED,
        "--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all",
    ]  # fmt: skip
    environment = environment_for(folder / "data") | {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks"}
    return subprocess.run(command, cwd=folder, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
