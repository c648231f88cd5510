"""Running a stage's command: its process, what is kept of its output, how often it is tried.

What `lumen-shell` needs starts before every step of a job: `process`, `signals`, `tail` and `shells` import a few small
modules of the standard library and nothing else.
"""
