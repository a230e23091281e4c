"""How GitHub writes down what it knows: the JSON of its REST API and webhooks, field by field."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.servers.github.merge_rules import mergeable_state
from tests.servers.github.state import Commit, IssueComment, PullRequest, Release, Repository, Review, iso

if TYPE_CHECKING:
    from tests.servers.github.world import World

WEB = "https://github.com"
LEVELS = ("read", "triage", "write", "maintain", "admin")
MOST_FILES = 300
Json = dict[str, Any]


def number_of(text: str) -> int:
    """A stable id for things that need no state of their own."""
    return int(hashlib.sha1(text.encode()).hexdigest()[:7], 16)


def node_id(kind: str, number: int | str) -> str:
    return f"{kind}_{hashlib.sha1(f'{kind}{number}'.encode()).hexdigest()[:18]}"


class Writer:
    """Writes for one world, whose REST API is at ``world.url``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def api(self, repository: Repository, rest: str = "") -> str:
        return f"{self._world.url}/repos/{repository.full_name}{rest}"

    def user(self, login: str) -> Json:
        bot = login.endswith("[bot]")
        return {
            "login": login,
            "id": number_of(f"user {login}"),
            "node_id": node_id("U", login),
            "avatar_url": f"{WEB}/avatars/{login}",
            "gravatar_id": "",
            "url": f"{self._world.url}/users/{login}",
            "html_url": f"{WEB}/apps/{login[:-5]}" if bot else f"{WEB}/{login}",
            "type": "Bot" if bot else "User",
            "user_view_type": "public",
            "site_admin": False,
        }

    def repository(self, found: Repository, login: str | None = None) -> Json:
        """``login``: whose permissions are shown; None in webhooks, which show none."""
        owner, _, name = found.full_name.partition("/")
        shown = {
            "id": found.id,
            "node_id": node_id("R", found.id),
            "name": name,
            "full_name": found.full_name,
            "private": found.private,
            "owner": {**self.user(owner), "type": "Organization"},
            "html_url": f"{WEB}/{found.full_name}",
            "description": None,
            "fork": False,
            "url": self.api(found),
            "deployments_url": self.api(found, "/deployments"),
            "statuses_url": self.api(found, "/statuses/{sha}"),
            "archive_url": self.api(found, "/{archive_format}{/ref}"),
            "git_url": f"git://github.com/{found.full_name}.git",
            "ssh_url": f"git@github.com:{found.full_name}.git",
            "clone_url": f"{WEB}/{found.full_name}.git",
            "default_branch": found.default_branch,
            "archived": found.archived,
            "disabled": False,
            "visibility": "private" if found.private else "public",
            "open_issues_count": sum(pull.state == "open" for pull in found.pull_requests.values()),
            "topics": [],
            "language": "Python",
            "created_at": iso(found.created_at),
            "updated_at": iso(found.created_at),
            "pushed_at": iso(found.created_at),
        }
        if login is not None:
            level = found.permissions.get(login, "none")
            rank = LEVELS.index(level) if level in LEVELS else -1
            methods = {"allow_merge_commit": "merge", "allow_squash_merge": "squash", "allow_rebase_merge": "rebase"}
            shown |= {name: method in found.methods for name, method in methods.items()}
            names = {"admin": 4, "maintain": 3, "push": 2, "triage": 1, "pull": 0}
            shown["permissions"] = {name: rank >= least for name, least in names.items()}
        return shown

    def git_user(self, login: str, commit: Commit) -> Json:
        made_up = f"{self.user(login)['id']}+{login}@users.noreply.github.com"
        return {"name": login, "email": self._world.people.written.get(login, made_up), "date": iso(commit.date)}

    def commit(self, repository: Repository, commit: Commit) -> Json:
        tree = hashlib.sha1(repr(sorted(commit.files.items())).encode()).hexdigest()
        return {
            "sha": commit.sha,
            "node_id": node_id("C", commit.sha),
            "commit": {
                "author": self.git_user(commit.author, commit),
                "committer": self.git_user(commit.author, commit),
                "message": commit.message,
                "tree": {"sha": tree, "url": self.api(repository, f"/git/trees/{tree}")},
                "url": self.api(repository, f"/git/commits/{commit.sha}"),
                "comment_count": 0,
                "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
            },
            "url": self.api(repository, f"/commits/{commit.sha}"),
            "html_url": f"{WEB}/{repository.full_name}/commit/{commit.sha}",
            "comments_url": self.api(repository, f"/commits/{commit.sha}/comments"),
            "author": self.user(commit.author) if commit.known else None,
            "committer": self.user(commit.author) if commit.known else None,
            "parents": [
                {
                    "sha": parent,
                    "url": self.api(repository, f"/commits/{parent}"),
                    "html_url": f"{WEB}/{repository.full_name}/commit/{parent}",
                }
                for parent in commit.parents
            ],
        }

    def changed_files(self, repository: Repository, base: str, head: str) -> list[Json]:
        """Of a comparison, whatever its page: 300 at most."""
        return [
            {
                "sha": hashlib.sha1(f"{head} {path}".encode()).hexdigest(),
                "filename": path,
                "status": status,
                "additions": 1,
                "deletions": 0,
                "changes": 1,
                "blob_url": f"{WEB}/{repository.full_name}/blob/{head}/{path}",
                "raw_url": f"{WEB}/{repository.full_name}/raw/{head}/{path}",
                "contents_url": self.api(repository, f"/contents/{path}?ref={head}"),
                "patch": "@@ -0,0 +1 @@",
            }
            for path, status in repository.changed_files(base, head)[:MOST_FILES]
        ]

    def pushed_commit(self, repository: Repository, commit: Commit) -> Json:
        """The other way in which push webhooks write commits."""
        return {
            "id": commit.sha,
            "tree_id": hashlib.sha1(commit.sha.encode()).hexdigest(),
            "distinct": True,
            "message": commit.message,
            "timestamp": commit.date.isoformat(timespec="seconds"),
            "url": f"{WEB}/{repository.full_name}/commit/{commit.sha}",
            "author": {**self.git_user(commit.author, commit), "username": commit.author},
            "committer": {**self.git_user(commit.author, commit), "username": commit.author},
            "added": [],
            "removed": [],
            "modified": sorted(commit.files),
        }

    def pull_request(self, repository: Repository, pull: PullRequest, *, full: bool) -> Json:
        """``full`` as in webhooks and for a single one; lists leave some fields out."""
        page = f"{WEB}/{repository.full_name}/pull/{pull.number}"
        shown = {
            "id": pull.id,
            "node_id": node_id("PR", pull.id),
            "number": pull.number,
            "state": pull.state,
            "locked": pull.locked,
            "title": pull.title,
            "body": None,
            "draft": pull.draft,
            "user": self.user(pull.author),
            "url": self.api(repository, f"/pulls/{pull.number}"),
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "statuses_url": self.api(repository, f"/statuses/{pull.head_sha}"),
            "labels": [self.label(repository, name) for name in pull.labels],
            "assignees": [],
            "requested_reviewers": [],
            "milestone": None,
            "created_at": iso(pull.created_at),
            "updated_at": iso(pull.closed_at or pull.created_at),
            "closed_at": iso(pull.closed_at),
            "merged_at": iso(pull.merged_at),
            "merge_commit_sha": pull.merge_sha,
            "head": self._side(repository, pull.head_repository, pull.head, pull.head_sha),
            "base": self._side(repository, repository.full_name, pull.base, pull.base_sha),
            "author_association": "MEMBER" if pull.head_repository == repository.full_name else "CONTRIBUTOR",
            "auto_merge": None,
        }
        return shown | self._only_when_full(repository, pull) if full else shown

    def label(self, repository: Repository, name: str) -> Json:
        """One that is made by putting it on something is grey."""
        return {
            "id": number_of(f"label {repository.id} {name.lower()}"),
            "node_id": node_id("LA", name.lower()),
            "url": self.api(repository, f"/labels/{name}"),
            "name": name,
            "color": "ededed",
            "default": False,
            "description": None,
        }

    def issue_comment(self, repository: Repository, comment: IssueComment) -> Json:
        """https://docs.github.com/en/rest/issues/comments#get-an-issue-comment"""
        return {
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "url": self.api(repository, f"/issues/comments/{comment.id}"),
            "html_url": f"{WEB}/{repository.full_name}/pull/{comment.number}#issuecomment-{comment.id}",
            "issue_url": self.api(repository, f"/issues/{comment.number}"),
            "body": comment.body,
            "user": self.user(comment.author),
            "created_at": iso(comment.created_at),
            "updated_at": iso(comment.updated_at),
            "author_association": "MEMBER",
            "performed_via_github_app": None,
        }

    def release(self, repository: Repository, release: Release) -> Json:
        """https://docs.github.com/en/rest/releases/releases#get-a-release"""
        return {
            "id": release.id,
            "node_id": node_id("RE", release.id),
            "url": self.api(repository, f"/releases/{release.id}"),
            "html_url": f"{WEB}/{repository.full_name}/releases/tag/{release.tag}",
            "assets_url": self.api(repository, f"/releases/{release.id}/assets"),
            "upload_url": f"{self.api(repository, f'/releases/{release.id}/assets')}{{?name,label}}",
            "tarball_url": self.api(repository, f"/tarball/{release.tag}"),
            "zipball_url": self.api(repository, f"/zipball/{release.tag}"),
            "tag_name": release.tag,
            "target_commitish": release.target,
            "name": release.name,
            "body": release.body,
            "draft": release.draft,
            "prerelease": release.prerelease,
            "immutable": False,
            "created_at": iso(release.created_at),
            "published_at": None if release.draft else iso(release.created_at),
            "author": self.user(release.author),
            "assets": [],
        }

    def _side(self, repository: Repository, named: str, ref: str, sha: str) -> Json:
        """Head or base of a pull request, in the repository itself or in a fork of it."""
        owner = named.partition("/")[0]
        shown = self.repository(repository)
        if named != repository.full_name:
            shown |= {"id": number_of(f"fork {named}"), "full_name": named, "fork": True}
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": self.user(owner), "repo": shown}

    def _only_when_full(self, repository: Repository, pull: PullRequest) -> Json:
        state = mergeable_state(repository, pull)
        return {
            "merged": pull.merged_at is not None,
            "mergeable": None if state == "unknown" else state != "dirty",
            "mergeable_state": state,
            "rebaseable": None,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": 0,
            "review_comments": 0,
            "commits": len(repository.between(pull.base_sha, pull.head_sha)),
            "additions": 1,
            "deletions": 0,
            "changed_files": 1,
            "maintainer_can_modify": pull.head_repository != repository.full_name,
        }

    def review(self, repository: Repository, pull: PullRequest, review: Review, *, webhook: bool) -> Json:
        """The state is lower case in webhooks and upper case in the REST API."""
        return {
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.user(review.author),
            "body": None,
            "state": review.state.lower() if webhook else review.state.upper(),
            "commit_id": review.sha,
            "submitted_at": iso(review.at),
            "html_url": f"{WEB}/{repository.full_name}/pull/{pull.number}#pullrequestreview-{review.id}",
            "author_association": review.association,
        }
