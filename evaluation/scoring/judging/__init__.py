"""A model as judge, compared with people.

In order: prompt, judgements (on disk before they are used), judge.

Order: prompt, judgements, judge.
"""
