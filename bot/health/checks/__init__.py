"""Kinds of health check, one file each: its options and its probe."""
