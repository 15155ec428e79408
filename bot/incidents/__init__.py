"""Incidents: declared, gathered in a channel, resolved."""
