"""Sheets with one known slip each, calculated by hand: nothing here but ``trials`` reads the program."""
