"""A sheet besides its values: formats, what is hidden, notes; and how its cells become tables.

Order: months, formats, grid, xlsx, xls, xml2003.
"""
