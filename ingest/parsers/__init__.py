"""Bytes to text with structure, one file a format, behind one protocol.

In order: choose (by content, then by name), protocol, builder (puts text together), then the formats. What several
need: encoding, dates, cells, records, xml_tree, containers, properties, attachments.
Imports core only; runs in the processes of reading/.

Order: protocol, builder, loss, encoding, text, dates, cells, raised, records, xml_tree, containers, properties,
attachments, archive, json_data, markdown, ocr, pdf, rtf, sheets, spreadsheet, table, choose, html, charts, word,
slides, office, opendocument, epub, invitation, mail, mailbox, mapi, outlook, xml_data.
"""
