"""The one conversation with Graph: clouds, sign-in, requests, repeats, pacing, batches."""
