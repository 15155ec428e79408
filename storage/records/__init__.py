"""What is kept, as frozen values; nothing here knows a database."""
