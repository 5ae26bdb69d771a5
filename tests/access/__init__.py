"""Who reaches what: every address, every person, every record, against a table written by hand."""
