"""Which networks become members: finalists confirmed, rivals tried, and a place in the family."""
