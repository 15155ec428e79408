"""The formats of webhooks, one file each: pure functions from a payload to reports of alerts."""
