"""Whom a profile reaches, and what they lack: readiness and impact from what was read. Pure."""
