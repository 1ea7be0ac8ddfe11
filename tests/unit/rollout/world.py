"""A simulated tenant with devices that check in, and a rollout on it."""
