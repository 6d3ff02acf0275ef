"""Parquet files, where pyarrow is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import DatasetError


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a parquet file.

    Raises:
        DatasetError: it cannot be read, or pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise DatasetError(
            f"{path.name} is a parquet file, which needs pyarrow: pip install 'touchstone[parquet]'. "
            "Or save the table as .jsonl and import that."
        ) from error
    try:
        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    return rows
