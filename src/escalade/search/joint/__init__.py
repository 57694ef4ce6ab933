"""Searches that meet a ladder of budgets: MCEA and the baselines it is compared with."""
