"""PDF through pdfium.

The passes in order: characters (blanks, ligatures), lines (words with their places), grids (ruled tables), tables (the
others, and headers), layout (headings, paragraphs, lists, reading order), extras (attachments, outline, form fields),
read (all of it).

Order: characters, lines, grids, tables, layout, extras, read.
"""
