"""The language model's edge."""
