"""Postmortems: drafted from the journal section by section, reviewed in a thread, approved by a person."""
