"""The steps of the set-up, in order; each looks at what is there already, so that it can be run again at any time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bot.adapters.slack.doctor import doctor
from bot.core.ports.chat import Clock
from bot.settings import Settings, SettingsProblems, load
from bot.settings.environment import Secrets, from_environment
from bot.setup import first_app, first_person
from bot.setup.dialogue import Dialogue, Stopped
from bot.setup.env_file import EnvFile
from bot.setup.github_app import GitHubStep
from bot.setup.slack_app import SlackStep

EXAMPLE = Path(__file__).parents[2] / "settings.toml"
"""What the settings are made of in a folder that has none."""


class Guide:
    """``settings_file`` as it was named, None for the usual one; ``examine`` is the check, at the
    end: it says everything that is wrong, and returns the exit code of ``python -m bot check``."""

    def __init__(
        self,
        dialogue: Dialogue,
        env: EnvFile,
        clock: Clock,
        *,
        settings_file: Path,
        examine: Callable[[], int],
    ) -> None:
        self._dialogue = dialogue
        self._env = env
        self._clock = clock
        self._file = settings_file
        self._examine = examine

    def run(self) -> int:
        """Returns the exit code. Raises Stopped where the person goes, ShipmateError where nothing can go on."""
        say = self._dialogue.say
        say("Shipmate is set up in five steps. Stop at any time: what is done is kept, and not asked for again.\n")
        say("1 of 5  What to deploy")
        self._first_app()
        say("\n2 of 5  The bot's address")
        self._address()
        say("\n3 of 5  Slack")
        slack = SlackStep(self._dialogue, self._env, self._clock, self._secrets().slack_api_url)
        slack.run()
        say("\n4 of 5  GitHub")
        settings = self._settings()
        app = next(iter(settings.apps.values()))
        self._github().run(app.repository, dispatches=bool(settings.deploying_workflows))
        say("\n5 of 5  The check")
        self._invite(slack, app.channel)
        code = self._examine()
        if not settings.people and not code:
            with suppress(Stopped):  # all is set up by then
                first_person.introduce(self._dialogue, self._env, self._file, slack.slack())
        self._last_words(settings, code)
        return code

    def _secrets(self) -> Secrets:
        problems: list[str] = []
        secrets = from_environment(self._env.variables(), problems)
        if problems:
            raise SettingsProblems(problems)
        return secrets

    def _settings(self) -> Settings:
        return load(self._file, self._env.variables())

    def _github(self) -> GitHubStep:
        secrets = self._secrets()
        return GitHubStep(
            self._dialogue,
            self._env,
            self._clock,
            api_url=secrets.github_api_url,
            web_url=secrets.github_web_url,
        )

    def _first_app(self) -> None:
        text = (self._file if self._file.exists() else EXAMPLE).read_text(encoding="utf-8")
        while first_app.is_example(text):
            asked = first_app.ask(self._dialogue, self._env)
            if first_app.write(self._dialogue, self._env, self._file, text, asked):
                break
        for app_name, app in self._settings().apps.items():
            self._dialogue.say(f"  ✓ {app_name}: {app.repository}, announced in {app.channel}")

    def _address(self) -> None:
        if url := self._secrets().base_url:
            self._dialogue.say(f"  ✓ {url}")
            return
        self._dialogue.say("  GitHub's webhooks need an address that they can reach: the web process's, or a tunnel's.")
        self._dialogue.say("  Without one people can deploy from Slack; what is merged is not deployed by itself.")
        while url := self._dialogue.ask("Address, such as https://shipmate.example.com (Enter: none yet)").rstrip("/"):
            problems: list[str] = []
            from_environment({"BASE_URL": url}, problems)
            if not problems:
                self._env.set(BASE_URL=url)
                return
            self._dialogue.say(f"  ✗ {problems[0]}")

    def _invite(self, step: SlackStep, channel: str) -> None:
        """Until the bot is in the channel, or the person goes on without."""
        # Anew each time, as a client remembers which channels there are.
        while not (found := doctor(step.slack(), [channel])[-1]).good:
            self._dialogue.say(f"  ✗ {found.what}")
            self._dialogue.say(f"    → {found.mend}")
            if not self._dialogue.confirm("Is that done?"):
                return

    def _last_words(self, settings: Settings, code: int) -> None:
        say, app = self._dialogue.say, next(iter(settings.apps.values()))
        if code:
            say("\nMend what has a ✗, and run this again: what is done is not asked for again.")
            return
        target = app.default_environment or next(iter(app.environments))
        say(f"\nAll is set up. Start the bot:\n\n  make run\n\nThen write in {app.channel}:\n")
        say(f"  @{settings.bot.name} deploy {app.default_ref or 'main'} to {target}")
