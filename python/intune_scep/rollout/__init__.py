"""A migration in rings: a file says in which order, gates when the next ring may open."""
