"""What the API of a CI says of runs that nobody in them could report: pure, from its words to facts."""
