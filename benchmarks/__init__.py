"""Speed and quality, measured: `make bench` and its siblings. Not tests; the figures are in docs/benchmarks.md."""
