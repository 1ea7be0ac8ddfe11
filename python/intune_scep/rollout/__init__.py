"""The controlled rollout: a file that says in what order, its rings, and their gates."""
