"""Heartbeats: signs of life that must come, and the one that the bot sends."""
