"""State as a page that opens anywhere."""
