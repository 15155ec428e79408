"""Rules over metrics: conditions, their states, replays, anomalies, and what they cost people."""
