"""Heroku: a build of the commit's tarball, a rollback to an earlier release, or a promotion in a pipeline.

One deployment makes one build, release or promotion: what is asked for is kept before it is asked for, and looked for
before it is asked for again.
"""

from bot.providers.heroku.access import SERVICE, authenticate
from bot.providers.heroku.doctor import doctor
from bot.providers.heroku.following import follow
from bot.providers.heroku.removing import removes_previews
from bot.providers.heroku.settings import Settings
from bot.providers.heroku.starting import start

__all__ = [
    "ONLY_IN_PREVIEWS",
    "OWN_IN_PREVIEWS",
    "SERVICE",
    "Settings",
    "authenticate",
    "carries_out",
    "doctor",
    "follow",
    "removes_previews",
    "start",
]

carries_out = True
OWN_IN_PREVIEWS = ("app",)
ONLY_IN_PREVIEWS = ("remove",)
