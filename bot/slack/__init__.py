"""Slack's edge: the client and its limits."""
