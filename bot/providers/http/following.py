"""Staying with a deployment that a hook has begun: what it calls back, and what it answers when it is asked."""

from __future__ import annotations

from contextlib import suppress

from bot.core.deployments.steps import Progress
from bot.core.errors import Unavailable
from bot.core.hooks.callback import CALLBACK, Callback
from bot.core.ports.provider import Outcome, Run
from bot.providers.http.handles import Begun
from bot.providers.http.polling import LOOK, Polling, Word
from bot.providers.http.settings import Settings
from bot.providers.http.stopping import Stopping
from bot.providers.http.variables import Variables


def follow(run: Run, handle: str) -> Outcome:
    """Pass on how far it has got, until it has ended or was stopped. A repeat goes on where it stands."""
    begun = Begun.read(handle)
    if begun.outcome is not None:
        return begun.outcome
    variables = Variables(Settings.model_validate(run.job.settings))
    return variables.masked_outcome(_Following(run, variables, begun).to_the_end())


class _Following:
    def __init__(self, run: Run, variables: Variables, begun: Begun) -> None:
        settings = Settings.model_validate(run.job.settings)
        self._run = run
        self._variables = variables
        self._polling = Polling(run, settings, variables, begun)
        self._stopping = Stopping(run, settings, variables, begun)
        self._heard: Callback | None = None
        self._told = Progress()
        self._trouble = ""

    def to_the_end(self) -> Outcome:
        while True:
            word = self._called_back() or self._polling.look()
            self._tell_trouble()
            if word is not None:
                self._tell(word.progress)
                if word.outcome is not None:
                    return self._ended(word.outcome)
            reason = self._stopping.look(self._polling)
            if reason is not None:
                return reason
            self._run.pause(LOOK)

    def _ended(self, outcome: Outcome) -> Outcome:
        """What was told to stop and failed has stopped; what succeeded all the same was too far."""
        if outcome.result == "succeeded":
            return outcome
        return self._stopping.ended(self._polling) or outcome

    def _called_back(self) -> Word | None:
        """The last word that was called back; nothing while the database does not answer."""
        said: Callback | None = None
        with suppress(Unavailable):
            said = Callback.read(self._run.note(CALLBACK))
        if said is None:
            return None
        if said.end is not None:
            described = said.description or f"{self._polling.who} reports {said.state}"
            return Word(Progress(), Outcome(said.end, described, said.environment_url, said.log_url))
        if said == self._heard:
            return None  # where it is asked as well, an answer may tell more
        self._heard = said
        return Word(Progress(said.description, environment_url=said.environment_url, log_url=said.log_url))

    def _tell(self, progress: Progress) -> None:
        progress = self._variables.masked_progress(progress)
        if progress in (self._told, Progress()):
            return
        if progress.description and progress.description != self._told.description:
            self._run.write(progress.description)
        self._told = progress
        self._run.tell(progress)

    def _tell_trouble(self) -> None:
        trouble = self._variables.masked(self._polling.trouble)
        if trouble and trouble != self._trouble:
            self._run.write(trouble)
        self._trouble = trouble
