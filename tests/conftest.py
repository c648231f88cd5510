"""What holds for every test, wherever the suite is started."""

from __future__ import annotations

import signal

# A suite that a shell has put into the background, as many CIs do, begins with SIGINT ignored, and so would every
# process it starts: none of them could be told to stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
