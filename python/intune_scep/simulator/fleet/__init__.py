"""Devices that check in by the tenant's clock, and what reaches them then.

Nothing happens between two requests: whoever comes next finds the check-ins of the time that has
passed carried out, set by set. What is known of real check-ins: ROLLOUT.md 3 and 5.
"""
