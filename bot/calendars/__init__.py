"""Calendars that meetings are put into, one file each."""
