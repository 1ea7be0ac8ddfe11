"""The rollout file (being moved)."""
