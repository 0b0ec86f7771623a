"""Mutation testing: small faults put into the program, one at a time, and which of them the tests notice."""
