from __future__ import annotations

import signal

import hypothesis

# A loaded machine makes any example slow, and drawing one; neither says anything about the code.
hypothesis.settings.register_profile(
    "no clock", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("no clock")

# A shell ignores Ctrl-C for commands in the background, and processes begun by tests inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
