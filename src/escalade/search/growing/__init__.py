"""How larger members follow from searched ones: by a fitted function, by a rule, or not at all."""
