"""A check, a command and a channel of your own for do-manage."""
