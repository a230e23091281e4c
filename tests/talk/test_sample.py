"""The sample repository and its settings: the same everywhere, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.local.forge import LocalGit
from bot.settings import load
from bot.talk.sample import APP, ENVIRONMENT, REPOSITORY, prepare
from tests.talk.terminal_session import TOPIC, StoppedClock


def test_sample_is_the_same_everywhere_and_made_once(tmp_path: Path) -> None:
    settings = prepare(tmp_path / "home")
    settings.write_text(settings.read_text() + "# mine\n")

    again = prepare(tmp_path / "home")

    forge = LocalGit({REPOSITORY: tmp_path / "home" / "web.git"}, tmp_path / "r.json", StoppedClock(), lambda _: None)
    topic = forge.resolve(REPOSITORY, "topic")
    assert again == settings == tmp_path / "home" / "settings.toml"
    assert settings.read_text().endswith("# mine\n")
    assert topic is not None
    assert topic.sha == TOPIC
    assert sorted(forge.refs(REPOSITORY)) == ["main", "topic"]


def test_sample_needs_no_git_identity_and_heeds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gitconfig").write_text("[user]\n\tuseConfigOnly = true\n[init]\n\tdefaultBranch = trunk\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("HOME", str(tmp_path))

    prepare(tmp_path / "home")

    forge = LocalGit({REPOSITORY: tmp_path / "home" / "web.git"}, tmp_path / "r.json", StoppedClock(), lambda _: None)
    assert forge.repository(REPOSITORY).default_branch == "main"
    topic = forge.resolve(REPOSITORY, "topic")
    assert topic is not None
    assert topic.sha == TOPIC


def test_interrupted_sample_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / "home" / "web.git.new"
    half.mkdir(parents=True)
    (half / "HEAD").write_text("rubbish")

    prepare(tmp_path / "home")

    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["settings.toml", "web.git"]


def test_samples_settings_are_good_and_deploy_beside_them(tmp_path: Path) -> None:
    home = tmp_path / 'a "quoted" home'

    settings = load(prepare(home), {})

    app = settings.apps[APP]
    directories = [environment.provider.settings.directory for environment in app.environments.values()]
    assert (app.repository, app.default_environment) == (REPOSITORY, ENVIRONMENT)
    assert directories == [str(home / "staging"), str(home / "production")]
