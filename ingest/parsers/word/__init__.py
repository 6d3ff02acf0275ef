"""Word files as Word shows them, before and beside what unstructured reads of them.

In order: equations (as text), tables (as grids), settle (changes accepted, wrappers taken away, boxes shown), asides
(boxes, comments and notes), xml2003 (Word's older XML).

Order: equations, tables, settle, asides, xml2003.
"""
