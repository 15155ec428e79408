"""What the bot says: the `Card` value, and its pure renderers."""
