"""Arrays: a graph run by numpy, a call for each distinct operation, in memory that is made once."""
