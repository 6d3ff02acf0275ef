"""What unstructured does not give of a Word file: asides (boxes, controls, comments, notes).

Order: asides.
"""
