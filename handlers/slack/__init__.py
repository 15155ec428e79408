"""Slack's doors: one file for each way in, all of them leading to `invoke`."""
