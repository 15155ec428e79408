"""Places where approved postmortems are kept, one file each."""
