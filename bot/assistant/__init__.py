"""The assistant: questions in plain words, answered by a language model from what read-only commands say."""
