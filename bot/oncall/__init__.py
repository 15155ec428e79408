"""The rota: who is on call."""
