"""Health checks and their held status."""
