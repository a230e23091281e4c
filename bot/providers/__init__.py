"""Ways to carry a deployment out: one module each, with ``Settings``, ``start`` and ``follow``. Nothing to register."""
