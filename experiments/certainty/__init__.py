"""How sure an answer is: intervals, how many replications it takes, which plan is the best."""
