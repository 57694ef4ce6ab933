from __future__ import annotations

import hypothesis

# A loaded machine makes any example slow; how long one takes says nothing about the code.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")
