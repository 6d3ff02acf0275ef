"""A run on paper: write.py makes report.html, report.md, CSV sheets and junit.xml; gate.py judges it for CI."""
