"""What was deployed, as pipelines and people tell it: the first question of every incident is what changed."""
