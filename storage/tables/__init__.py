"""One module per table: the table, rows to records and back, and its queries."""
