"""Postmortems drafted from the journal and reviewed by people."""
