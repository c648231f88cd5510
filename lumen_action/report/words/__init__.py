"""What reports say, a table a language."""
