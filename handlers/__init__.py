"""The doors: what comes in from Slack, HTTP and a shell, and goes back as a card."""
