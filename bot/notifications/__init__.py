"""Answers to notifications, and the proof that they arrive."""
