"""Export: accepted statements as theorems for other provers."""
