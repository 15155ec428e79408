"""Settings of the environment, and manage.yml."""
