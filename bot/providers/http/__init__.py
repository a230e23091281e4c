"""A deploy hook: asked to begin by a signed POST, and followed by what it calls back, or answers when it is asked.

The hook gets one idempotency key for a deployment, so that it begins once, however often it has to be asked.
"""

from bot.providers.http.doctor import doctor
from bot.providers.http.following import follow
from bot.providers.http.settings import Settings, removes_previews
from bot.providers.http.starting import start

__all__ = ["ONLY_IN_PREVIEWS", "Settings", "carries_out", "doctor", "follow", "removes_previews", "start"]

carries_out = True
ONLY_IN_PREVIEWS = ("remove", "remove_url")
