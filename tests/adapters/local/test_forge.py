"""The local forge on real git repositories: refs, comparisons, files and merges."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.local.forge import LocalGit, find_repositories
from bot.adapters.local.git import GitRepository
from bot.core.errors import Conflict, NotThere, Rejected
from bot.core.events.external import PullRequestMerged
from bot.talk.sample import REPOSITORY, prepare
from tests.adapters.local.webhooks import MAIN, T0, TOPIC, StoppedClock, Webhooks, git, open_forge


@pytest.fixture
def home(tmp_path: Path) -> Path:
    prepare(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def webhooks() -> Webhooks:
    return Webhooks()


@pytest.fixture
def forge(home: Path, webhooks: Webhooks) -> LocalGit:
    return open_forge(home, webhooks)


def work_tree(home: Path) -> Path:
    """A clone of the sample with both branches, main checked out."""
    git(home, "clone", "--quiet", str(home / "web.git"), str(home / "clone"))
    git(home / "clone", "branch", "topic", "origin/topic")
    return home / "clone"


def test_branch_is_pinned_to_its_commit(forge: LocalGit) -> None:
    commit = forge.resolve(REPOSITORY, "topic")

    assert commit is not None
    assert (commit.sha, commit.ref, commit.title, commit.author) == (TOPIC, "topic", "Tell who we are", "bob")
    assert [parent[:7] for parent in commit.parents] == ["cd88e2a"]


def test_short_id_and_tag_are_refs_and_a_branch_wins_over_both(forge: LocalGit, home: Path) -> None:
    git(home / "web.git", "tag", "-a", "-m", "first", "v1", MAIN)
    git(home / "web.git", "branch", TOPIC[:7], MAIN)

    by_tag, by_branch, by_id = (forge.resolve(REPOSITORY, ref) for ref in ("v1", TOPIC[:7], TOPIC[:8].upper()))

    assert by_tag is not None
    assert by_tag.sha == MAIN
    assert by_branch is not None
    assert by_branch.sha == MAIN
    assert by_id is not None
    assert (by_id.sha, by_id.ref) == (TOPIC, "D872D007")


def test_a_name_of_several_things_means_each_of_them(forge: LocalGit, home: Path) -> None:
    for kind in ("heads", "tags"):
        git(home / "web.git", "update-ref", f"refs/{kind}/{TOPIC[:7]}", MAIN)
        git(home / "web.git", "update-ref", f"refs/{kind}/{TOPIC}", MAIN)

    found = [(one.exact, one.commit.sha, one.commit.ref) for one in forge.meanings(REPOSITORY, TOPIC[:7])]
    exact = [forge.resolve(REPOSITORY, ref) for ref in (TOPIC, f"refs/heads/{TOPIC}", f"refs/tags/{TOPIC[:7]}")]

    assert found == [
        (f"refs/heads/{TOPIC[:7]}", MAIN, TOPIC[:7]),
        (f"refs/tags/{TOPIC[:7]}", MAIN, TOPIC[:7]),
        (TOPIC, TOPIC, TOPIC[:7]),
    ]
    assert [one and (one.sha, one.ref) for one in exact] == [(TOPIC, TOPIC), (MAIN, TOPIC), (MAIN, TOPIC[:7])]


@pytest.mark.parametrize(
    "ref",
    [
        "", " ", "nowhere", "--upload-pack=touch pwned", "--output=pwned", "-d", "--all", "$(touch pwned)",
        "`touch pwned`", "topic; touch pwned", "topic~1", "topic^", "topic^{tree}", "topic@{0}", "topic:index.html",
        "main..topic", ":/page", "../../HEAD", "HEAD", "refs/heads/nope", "topic\0", "\udcff", "#1", "#", "töpic",
        "#" + "9" * 5000, "x" * 200_000, "abc", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "f" * 40, "*",
        "topic.lock", "/topic", "topic/", "to//pic",
    ],
)  # fmt: skip
def test_what_is_no_ref_finds_nothing_and_does_nothing(
    forge: LocalGit, home: Path, monkeypatch: pytest.MonkeyPatch, ref: str
) -> None:
    monkeypatch.chdir(home)
    before = sorted(home.rglob("*"))

    assert forge.resolve(REPOSITORY, ref) is None
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("name", ["--upload-pack=x", "$(rm)", "feature/x", "ünïcode", "'quoted'", "a;b", "#1", "-rf"])
def test_strange_names_of_branches_are_names_and_nothing_else(forge: LocalGit, home: Path, name: str) -> None:
    git(home / "web.git", "update-ref", f"refs/heads/{name}", TOPIC)

    commit = forge.resolve(REPOSITORY, name)
    merged = forge.merge(REPOSITORY, name, by="you")

    assert commit is not None
    assert (commit.sha, commit.ref) == (TOPIC, name)
    assert name in forge.refs(REPOSITORY)
    assert merged.head_sha == TOPIC


def test_default_branch_is_the_origins_whatever_is_checked_out(home: Path, webhooks: Webhooks) -> None:
    clone = work_tree(home)
    git(clone, "checkout", "--quiet", "topic")
    forge = LocalGit({"you/clone": clone}, home / "other.json", StoppedClock(), webhooks)

    repository = forge.repository("you/clone")

    assert (repository.name, repository.default_branch, repository.url) == ("you/clone", "main", "")


def test_ones_own_branch_has_ones_name_on_its_last_commit(forge: LocalGit) -> None:
    assert forge.branches_of(REPOSITORY, "Bob") == ["topic"]
    assert forge.branches_of(REPOSITORY, "nobody") == []


def test_nobodys_own_branch_is_the_one_that_is_checked_out(home: Path, webhooks: Webhooks) -> None:
    tree = work_tree(home)
    git(tree, "checkout", "--quiet", "topic")
    forge = LocalGit({REPOSITORY: tree}, home / "record.json", StoppedClock(), webhooks)

    assert forge.branches_of(REPOSITORY, "nobody") == ["topic"]


def test_unknown_repository_is_not_there(forge: LocalGit) -> None:
    with pytest.raises(NotThere, match=r"^There is no repository you/api here\.$"):
        forge.repository("you/api")


def test_directory_without_git_is_said_to_be_none(tmp_path: Path, webhooks: Webhooks) -> None:
    forge = LocalGit({"you/x": tmp_path}, tmp_path / "record.json", StoppedClock(), webhooks)

    with pytest.raises(NotThere) as caught:
        forge.refs("you/x")

    assert str(caught.value) == (
        f"There is no git repository for you/x: {tmp_path} is none. Clone it into the folder of the settings file, "
        "as x, or correct `repository` there."
    )


def test_repository_is_looked_for_beside_the_settings_and_then_where_they_are(home: Path) -> None:
    (home / "api").mkdir()

    found = find_repositories(["you/web", "you/api", "you/other", str(home / "web.git")], near=home)

    assert found == {
        "you/web": home / "web.git",
        "you/api": home / "api",
        "you/other": home,
        str(home / "web.git"): home / "web.git",
    }


# Comparing and checking out


def test_comparison_lists_what_the_head_adds_oldest_first(forge: LocalGit) -> None:
    comparison = forge.compare(REPOSITORY, "main", "topic")

    assert (comparison.ahead_by, comparison.behind_by) == (2, 1)
    assert [commit.title for commit in comparison.commits] == ["Greet the whole crew", "Tell who we are"]
    assert [commit.author for commit in comparison.commits] == ["alice", "bob"]


def test_comparison_tells_the_files_that_the_head_has_touched_where_they_are_asked_for(
    forge: LocalGit, home: Path
) -> None:
    clone = work_tree(home)
    git(clone, "mv", "index.html", "begin.html")
    git(clone, "-c", "user.name=bob", "-c", "user.email=b@x", "commit", "--quiet", "-m", "Rename it")
    git(clone, "push", "--quiet", "origin", "main")

    topic = forge.compare(REPOSITORY, "main", "topic", files=True)
    renamed = forge.compare(REPOSITORY, MAIN, "main", files=True)

    assert (topic.files, topic.all_files) == (("about.html", "index.html"), True)
    assert renamed.files == ("begin.html", "index.html")
    assert forge.compare(REPOSITORY, "main", "topic").files is None


def test_what_was_merged_last_is_listed_newest_first(forge: LocalGit) -> None:
    first = forge.merge(REPOSITORY, "topic", "bob")

    assert [(one.number, one.merge_sha) for one in forge.lately_merged(REPOSITORY, 30)] == [(1, first.merge_sha)]
    assert forge.lately_merged("acme/other", 30) == []


def test_a_commit_says_when_it_was_made(forge: LocalGit, home: Path) -> None:
    made = git(home / "web.git", "show", "--no-patch", "--format=%ct", TOPIC)

    last = forge.compare(REPOSITORY, "main", "topic").commits[-1]

    assert last.at is not None
    assert last.at.timestamp() == int(made)


def test_comparison_with_nowhere_says_what_is_missing(forge: LocalGit) -> None:
    with pytest.raises(NotThere, match=r"^There is no branch, tag or commit nowhere in you/web\.$"):
        forge.compare(REPOSITORY, "main", "nowhere")


def test_files_of_a_commit_are_put_into_a_directory(forge: LocalGit, tmp_path: Path) -> None:
    into = tmp_path / "release"
    into.mkdir()

    forge.checkout(REPOSITORY, TOPIC, into)

    assert sorted(path.name for path in into.iterdir()) == ["about.html", "index.html", "style.css"]
    assert "Ahoy, crew" in (into / "index.html").read_text()


def test_commit_with_a_way_out_of_its_directory_is_refused(forge: LocalGit, home: Path, tmp_path: Path) -> None:
    clone = work_tree(home)
    (clone / "escape").symlink_to("../../outside")
    git(clone, "add", "escape")
    git(clone, "commit", "--quiet", "-m", "Escape")
    git(clone, "push", "--quiet", "origin", "main")
    into = tmp_path / "release"
    into.mkdir()

    with pytest.raises(Rejected) as caught:
        forge.checkout(REPOSITORY, "main", into)

    assert str(caught.value) == "The commit holds “escape”, which would leave the checkout."
    assert list(into.iterdir()) == []


def test_repository_of_which_an_object_is_lost_is_reported_in_gits_words(forge: LocalGit, home: Path) -> None:
    clone = work_tree(home)
    (clone / "big").write_text("lost")
    git(clone, "add", "big")
    git(clone, "commit", "--quiet", "-m", "Add what will be lost")
    lost = git(clone, "rev-parse", "main:big")
    (clone / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    (home / "release").mkdir()

    with pytest.raises(Rejected) as caught:
        GitRepository.at(clone).extract(git(clone, "rev-parse", "main"), home / "release")

    assert str(caught.value).startswith("git archive failed: ")


# Merging


def test_merge_makes_a_merge_commit_on_main_and_tells_of_a_pull_request(forge: LocalGit, home: Path) -> None:
    merged = forge.merge(REPOSITORY, "topic", by="carol")

    commit = forge.resolve(REPOSITORY, "main")
    assert commit is not None
    assert (commit.title, commit.author) == ("Merge pull request #1 from topic", "carol")
    assert commit.parents == (MAIN, TOPIC)
    assert merged == PullRequestMerged(
        repository=REPOSITORY,
        number=1,
        title="Tell who we are",
        url="",
        author="bob",
        merged_by="carol",
        base="main",
        head_sha=TOPIC,
        merge_sha=commit.sha,
        base_sha=MAIN,
        merged_at=T0,
        head_ref="topic",
    )
    files = git(home / "web.git", "ls-tree", "--name-only", "main").splitlines()
    assert files == ["about.html", "index.html", "style.css"]
    assert git(home / "web.git", "show", "main:style.css") == "h1 { color: navy }"


def test_merged_pull_request_is_found_by_number_and_by_its_commits(forge: LocalGit) -> None:
    merged = forge.merge(REPOSITORY, "topic", by="carol")

    pull_request = forge.pull_request(REPOSITORY, 1)
    head = forge.resolve(REPOSITORY, "#1")
    assert pull_request is not None
    assert (pull_request.state, pull_request.head_ref, pull_request.merged_by) == ("merged", "topic", "carol")
    assert head is not None
    assert (head.sha, head.ref, head.pull_request) == (TOPIC, "#1", 1)
    containing = [len(forge.pull_requests_of(REPOSITORY, sha)) for sha in (merged.merge_sha, TOPIC, MAIN)]
    assert containing == [1, 1, 0]
    assert forge.pull_request(REPOSITORY, 2) is None


def test_second_merge_of_the_same_branch_has_nothing_to_merge(forge: LocalGit) -> None:
    forge.merge(REPOSITORY, "topic", by="you")

    with pytest.raises(Rejected, match=r"^main has everything of topic already: there is nothing to merge\.$"):
        forge.merge(REPOSITORY, "topic", by="you")

    assert forge.pull_request(REPOSITORY, 2) is None


def test_conflict_names_the_files_and_changes_nothing(forge: LocalGit, home: Path) -> None:
    clone = work_tree(home)
    (clone / "index.html").write_text("something else\n")
    git(clone, "commit", "--quiet", "-am", "Rewrite")
    git(clone, "push", "--quiet", "origin", "main")
    before = forge.resolve(REPOSITORY, "main")

    with pytest.raises(Conflict) as caught:
        forge.merge(REPOSITORY, "topic", by="you")

    assert str(caught.value) == "topic cannot be merged into main. Both sides changed index.html in the same place."
    assert forge.resolve(REPOSITORY, "main") == before
    assert forge.pull_request(REPOSITORY, 1) is None


def test_merge_leaves_the_files_of_a_work_tree_alone(home: Path, webhooks: Webhooks) -> None:
    clone = work_tree(home)
    (clone / "notes.txt").write_text("mine")
    (clone / "style.css").write_text("h1 { color: mine }\n")
    forge = LocalGit({"you/clone": clone}, home / "other.json", StoppedClock(), webhooks)

    merged = forge.merge("you/clone", "topic", by="you")

    assert git(clone, "rev-parse", "main") == merged.merge_sha
    assert forge.checked_out("you/clone") == "main"
    assert "Hello" in (clone / "index.html").read_text()
    git(clone, "reset", "--merge")
    assert "Ahoy" in (clone / "index.html").read_text()
    assert (clone / "style.css").read_text() == "h1 { color: mine }\n"
    assert (clone / "notes.txt").read_text() == "mine"


def test_nobodys_git_configuration_and_no_hook_gets_a_say(
    forge: LocalGit, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "gitconfig").write_text("[user]\n\tname = mallory\n[commit]\n\tgpgsign = true\n")
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_AUTHOR_NAME": "mallory",
        "GIT_DIR": str(home / "nowhere"),
        "GIT_INDEX_FILE": str(home / "index"),
    }.items():
        monkeypatch.setenv(name, value)
    hook = home / "web.git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    merged = forge.merge(REPOSITORY, "topic", by="carol")

    commit = forge.resolve(REPOSITORY, merged.merge_sha)
    assert commit is not None
    assert commit.author == "carol"


def test_missing_git_is_said_in_a_sentence(forge: LocalGit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Rejected, match=r"^The command git was not found\. Install git and try again\.$"):
        forge.resolve(REPOSITORY, "topic")


def test_nobody_is_kept_out_of_a_repository_on_this_machine(forge: LocalGit) -> None:
    level = forge.users.permission(REPOSITORY, "anybody")
    member = forge.users.is_team_member("acme/devs", "anybody")

    assert (forge.users.keeps_permissions, level, member) == (False, "admin", True)
    assert (forge.users.sign_in, forge.users.login_by_email("anybody@example.com")) == (None, None)


def test_there_are_no_workflows_on_this_machine(forge: LocalGit) -> None:
    with pytest.raises(Rejected, match="run on GitHub alone"):
        forge.workflows.newest(REPOSITORY)
