"""Who ran what, read back from the journal."""
