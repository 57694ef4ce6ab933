"""The report: figures (pure), the offline page and the table for the terminal.

Nothing is imported here, so that `escalade.report.figures` stays free of disk and torch.
"""
