"""The report's figures: values in, plotly figures out. No disk, no torch, no plotly import."""
