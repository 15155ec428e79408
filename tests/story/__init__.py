"""The whole story, from a failing check to an approved postmortem: a real bot process in a sandbox workspace."""
