"""A compliance report in the forms that people and machines read. Decides nothing."""
