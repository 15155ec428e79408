"""Runs what is due: durable jobs, retries, schedules."""
