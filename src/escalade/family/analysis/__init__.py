"""An after-analysis: slices beside the same networks trained on and alone (BigNAS, section 5)."""
