"""Kinds of outside status pages, one file each."""
