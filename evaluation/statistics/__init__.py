"""Scores to figures with intervals.

In order: inference (intervals, tests, bootstrap; the only file that imports scipy), outcomes (a row a question),
paired and compare (rungs against each other), aggregate (the ladder), headroom, attribution (the step that lost it).
"""
