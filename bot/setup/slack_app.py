"""The Slack app: made from our manifest by a link, then its tokens are asked for and tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from bot.adapters.slack.chat import Slack
from bot.adapters.slack.doctor import doctor, examine_app_token
from bot.core.ports.chat import Clock, Finding
from bot.setup.dialogue import Dialogue
from bot.setup.env_file import EnvFile

MANIFEST = Path(__file__).parents[2] / "slack-manifest.yaml"
PUBLIC_SLACK = "https://slack.com/api/"
_OF_ADDRESS = re.compile(r"^ *(?:unfurl_domains|redirect_urls):\n *- [^\n]*\n|^ *- link_shared\n", re.MULTILINE)


def manifest(text: str, base_url: str | None, *, over_http: bool) -> str:
    """The manifest's text for a bot at that address; without comments, as links have to be short."""
    made = _OF_ADDRESS.sub("", text)
    if base_url:
        made = text.replace("https://shipmate.example.com", base_url)
        made = made.replace("shipmate.example.com", urlsplit(base_url).hostname or "")
    if over_http:
        events = f"{base_url}/slack/events"
        made = made.replace("socket_mode_enabled: true", "socket_mode_enabled: false")
        made = made.replace("  event_subscriptions:\n", f"  event_subscriptions:\n    request_url: {events}\n")
        made = made.replace("    is_enabled: true\n", f"    is_enabled: true\n    request_url: {events}\n")
        made = made.replace("    - command: /deploy\n", f"    - command: /deploy\n      url: {events}\n")
    return "".join(line for line in made.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def link(made: str, api_url: str) -> str:
    """Where the app is made with everything filled in.

    https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests#sharing
    """
    host = "https://api.slack.com" if api_url == PUBLIC_SLACK else "{0.scheme}://{0.netloc}".format(urlsplit(api_url))
    return f"{host}/apps?new_app=1&manifest_yaml={quote(made, safe='')}"


class SlackStep:
    """Asks for what the environment lacks; what is there already is only tried."""

    def __init__(self, dialogue: Dialogue, env: EnvFile, clock: Clock, api_url: str) -> None:
        self._dialogue = dialogue
        self._env = env
        self._clock = clock
        self._api_url = api_url

    def slack(self) -> Slack:
        """With the token that there is."""
        return Slack(self._env.variables().get("SLACK_BOT_TOKEN", ""), api_url=self._api_url, clock=self._clock)

    def run(self) -> None:
        have = self._env.variables()
        known = bool(have.get("SLACK_BOT_TOKEN")) and self._all_well(doctor(self.slack(), []))
        over_http = self._over_http(have)
        if not known:
            self._make(have.get("BASE_URL"), over_http=over_http)
            self._ask("SLACK_BOT_TOKEN", "Bot User OAuth Token (xoxb-…)", "xoxb-", self._try_bot)
        if over_http:
            if not have.get("SLACK_SIGNING_SECRET"):
                self._ask("SLACK_SIGNING_SECRET", "Signing Secret (Basic Information)", "", lambda _: True)
        elif not have.get("SLACK_APP_TOKEN") or not self._try_app(have["SLACK_APP_TOKEN"]):
            self._dialogue.say("  Basic Information → App-Level Tokens → Generate, with the scope connections:write.")
            self._ask("SLACK_APP_TOKEN", "App-level token (xapp-…)", "xapp-", self._try_app)

    def _over_http(self, have: dict[str, str]) -> bool:
        if have.get("SLACK_APP_TOKEN") or not have.get("BASE_URL"):
            return False
        return bool(have.get("SLACK_SIGNING_SECRET")) or not self._dialogue.confirm(
            "Let the bot call Slack (Socket Mode)? Otherwise Slack calls the bot at its address"
        )

    def _make(self, base_url: str | None, *, over_http: bool) -> None:
        self._dialogue.say(
            "  This link makes the Slack app, with all that it needs; press Create, then Install to Workspace:"
        )
        self._dialogue.open(link(manifest(MANIFEST.read_text("utf-8"), base_url, over_http=over_http), self._api_url))
        if over_http:
            self._dialogue.say(
                "  Slack asks the address at once: where the bot is not running yet, verify it there later."
            )
        self._dialogue.say("  Then copy from OAuth & Permissions what it shows after it was installed.")

    def _ask(self, name: str, question: str, prefix: str, tried: Callable[[str], bool]) -> None:
        """Until there is one that holds."""
        while True:
            value = self._dialogue.secret(question)
            if not value.startswith(prefix) or not value:
                self._dialogue.say(f"  That is not it: it begins with {prefix}." if prefix else "  Nothing came.")
                continue
            if tried(value):
                self._env.set(**{name: value})
                return

    def _try_bot(self, token: str) -> bool:
        return self._all_well(doctor(Slack(token, api_url=self._api_url, clock=self._clock), []))

    def _try_app(self, token: str) -> bool:
        return self._all_well([examine_app_token(self.slack(), token)])

    def _all_well(self, findings: list[Finding]) -> bool:
        """Says them. A scope that lacks is mended in the app's pages, so the token may stay."""
        for finding in findings:
            self._dialogue.say(f"  {'✓' if finding.good else '✗'} {finding.what}")
            if not finding.good and finding.mend:
                self._dialogue.say(f"    → {finding.mend}")
        return findings[0].good
