"""What holds for every test, wherever the suite is started."""

from __future__ import annotations

import signal

# A suite that a shell or nohup has put into the background, as many CIs do, begins with signals ignored, and so would
# every process it starts: none of them could be told to stop.
for _name, _handler in (
    ("SIGINT", signal.default_int_handler),
    ("SIGHUP", signal.SIG_DFL),
    ("SIGTERM", signal.SIG_DFL),
):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)
