"""What watches the pipelines, from outside: its files on this machine, its own checkers, its running servers."""
