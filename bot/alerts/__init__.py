"""Alerts: rules, states, escalation, the one card of each."""
