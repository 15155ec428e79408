"""What is kept: records, tables, transactions, locks."""
