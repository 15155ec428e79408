"""The language model: what may be sent to it, how much, and the client."""
