"""Issue trackers, one file each."""
