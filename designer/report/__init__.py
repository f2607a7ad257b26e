"""The scorecard and the HTML report of a design."""
