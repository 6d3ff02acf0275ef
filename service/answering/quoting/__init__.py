"""The built-in model: answers by quoting the shortest stretch that answers.

In order: question (what is asked for), units (stretches that can answer), words, versions, evidence (what speaks for
a unit), weights (how much), match (all units judged), differences (between figures), compose (chosen and worded).
Pure functions over text.

Order: words, question, units, versions, weights, evidence, differences, match, compose.
"""
