"""A requirements file with the hash of every archive, for machines like this one: `python -m cli.requirements > FILE`.

The builds of torch for a CPU and for CUDA have one version and other bytes, so the file is made where it is used, from
constraints.txt, by the pip of the Python that runs this. Options that are not known here go to pip. Nothing needs to be
installed for it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DRY_RUN = ("install", "--dry-run", "--ignore-installed", "--prefer-binary", "--quiet", "--report", "-")
_MACHINE = "# For Python {python_version} on {sys_platform}, {platform_machine}. Install: "
_INSTALL = "pip install --require-hashes --no-deps --requirement FILE"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file to the standard output, and what pip will build from source to the standard error.

    Raises:
        SystemExit: pip found no set of archives, or an archive without a hash; it or this says why.
    """
    parser = argparse.ArgumentParser(prog="python -m cli.requirements", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--extras", default="", help="optional dependencies of pyproject.toml, such as s3,otel")
    parser.add_argument("--project", default=str(ROOT), help="touchstone: its wheel, from where pip is told to look")
    own, pips = parser.parse_known_args(arguments)
    project = f"{own.project}[{own.extras}]" if own.extras else own.project
    command = [sys.executable, "-m", "pip", *DRY_RUN, "--constraint", str(ROOT / "constraints.txt"), *pips, project]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    report = json.loads(done.stdout)
    sys.stdout.writelines(f"{line}\n" for line in lines(report))
    for name in built(report):
        sys.stderr.write(f"{name} comes as source: pip builds it, and asks no hash of the tools for that.\n")


def lines(report: Mapping[str, Any]) -> list[str]:
    """The file for an installation report of pip: a line a library, by name, and none for what lies in a folder.

    Raises:
        SystemExit: an archive has no SHA-256.
    """
    pinned = []
    for name, version, origin in _archives(report):
        sha256 = origin["archive_info"].get("hashes", {}).get("sha256")
        if sha256 is None:
            raise SystemExit(f"pip knows no SHA-256 of {name} {version}. Get it from an index that gives one.")
        pinned.append(f"{name}=={version} --hash=sha256:{sha256}")
    return [_MACHINE.format(**report["environment"]) + _INSTALL, *sorted(pinned, key=str.lower)]


def built(report: Mapping[str, Any]) -> list[str]:
    """The libraries that come as source, by name and version."""
    return sorted(f"{name} {version}" for name, version, origin in _archives(report) if not _is_wheel(origin))


def _archives(report: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(name, version, where from) of everything that is an archive: Touchstone itself is the folder."""
    for entry in report["install"]:
        origin = entry["download_info"]
        if "archive_info" in origin:
            yield entry["metadata"]["name"], entry["metadata"]["version"], origin


def _is_wheel(origin: Mapping[str, Any]) -> bool:
    return str(origin["url"]).endswith(".whl")


if __name__ == "__main__":
    main()
