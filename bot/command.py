"""`Command`: one value that serves Slack text, shell, HTTP body, button, form, help and tool schema."""
