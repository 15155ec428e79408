"""Kinds of metric source, one file each: its options and how it is read."""
