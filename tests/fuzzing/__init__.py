"""Fuzzing: configs, equations and expected figures with faults put into them, which must be answered or refused."""
