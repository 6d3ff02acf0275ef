"""The exit codes that commands share; done is 0."""

from __future__ import annotations

EXIT_BUG, EXIT_USAGE, EXIT_DOCUMENTS_FAILED, EXIT_BUDGET, EXIT_INTERRUPTED = 1, 2, 3, 4, 130
