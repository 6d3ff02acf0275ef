"""What a rung is worth.

In order: words (how amounts are said), spend (what was used), roi (every formula), decision (the rule), acceptability
(as assumptions move), assumptions, verdict (in one sentence).

Order: roi, words, spend, decision, acceptability, assumptions, verdict.
"""
