"""PDF through pdfium.

The passes in order: characters (blanks, ligatures), lines (words with their places), loss (a guard that counts words),
annotations (ticked boxes, comments), furniture (running heads, line numbers), order (columns), grids (ruled tables),
tables (the others, and headers), layout (headings, paragraphs, lists), extras (attachments, outline, form fields),
read (all of it).

Order: characters, lines, loss, annotations, furniture, order, grids, tables, layout, extras, read.
"""
