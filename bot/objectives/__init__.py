"""Service level objectives: what is left of their error budgets, and what incidents take of them."""
