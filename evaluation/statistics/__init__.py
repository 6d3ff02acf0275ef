"""Scores to figures with intervals.

In order: inference (intervals, tests, bootstrap; the only file that imports scipy), outcomes (a row a question),
paired and compare (rungs against each other), headroom, attribution (the step that lost it), calibration (how far a
judge agrees with people).

Order: inference, outcomes, paired, compare, headroom, attribution, calibration.
"""
