"""Comments, labels and releases over the GitHub server's REST API, with GitHub's own validation."""

from __future__ import annotations

from typing import Any

from tests.servers.github.rest_writes import FLAG, MAYBE_TEXT, TEXT, problem, valid
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.state import IssueComment, PullRequest, Release

COMMENT_LENGTH = 65_536
LABEL_LENGTH = 50
MOST_LABELS = 100
NOTES_LENGTH = 125_000
READS = "issues=read; pull_requests=read"
WRITES = "issues=write; pull_requests=write"
RELEASE_BODY: dict[str, tuple[type, ...]] = {
    "tag_name": TEXT,
    "target_commitish": TEXT,
    "name": MAYBE_TEXT,
    "body": MAYBE_TEXT,
    "draft": FLAG,
    "prerelease": FLAG,
    "discussion_category_name": TEXT,
    "generate_release_notes": FLAG,
    "make_latest": TEXT,
}
NOTES_BODY: dict[str, tuple[type, ...]] = {
    "tag_name": TEXT,
    "target_commitish": TEXT,
    "previous_tag_name": TEXT,
    "configuration_file_path": TEXT,
}


@route("GET", "/repos/{repo}/issues/{number#}/comments", READS)
def issue_comments(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/comments#list-issue-comments: the oldest first."""
    pull = _pull(call)
    page, headers = call.page(call.world.comments(call.repository.full_name, pull.number))
    return Answer([call.world.write.issue_comment(call.repository, one) for one in page], headers=headers)


@route("POST", "/repos/{repo}/issues/{number#}/comments", WRITES)
def create_comment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/comments#create-an-issue-comment"""
    pull = _pull(call)
    body = _comment_body(call)
    if pull.locked:
        raise Refusal(403, "Unable to create comment because issue is locked.")
    id = call.world.comment(call.repository.full_name, pull.number, body, by=call.login)
    shown = call.world.write.issue_comment(call.repository, call.repository.comments[id])
    return Answer(shown, 201, {"Location": shown["url"]})


@route("PATCH", "/repos/{repo}/issues/comments/{id#}", WRITES)
def update_comment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/comments#update-an-issue-comment"""
    comment = _comment(call)
    call.world.edit_comment(call.repository.full_name, comment.id, _comment_body(call), by=call.login)
    return Answer(call.world.write.issue_comment(call.repository, comment))


@route("POST", "/repos/{repo}/issues/{number#}/labels", WRITES)
def add_labels(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/labels#add-labels-to-an-issue"""
    pull = _pull(call)
    names = valid(call.body, {"labels": (list,)}).get("labels", [])
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise Refusal(422, "Validation Failed", errors=[problem("Label", "name", "name can't be blank")])
        if len(name) > LABEL_LENGTH:
            long = f"name is too long (maximum is {LABEL_LENGTH} characters)"
            raise Refusal(422, "Validation Failed", errors=[problem("Label", "name", long)])
    if len({*pull.labels, *names}) > MOST_LABELS:
        raise Refusal(422, "Validation Failed", errors=[problem("Issue", "labels", "100 labels at most")])
    call.world.put_labels(call.repository.full_name, pull.number, names, by=call.login)
    return _labels(call, pull)


@route("DELETE", "/repos/{repo}/issues/{number#}/labels/{name}", WRITES)
def remove_label(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/labels#remove-a-label-from-an-issue"""
    pull = _pull(call)
    if not call.world.take_label(call.repository.full_name, pull.number, call.params["name"], by=call.login):
        raise Refusal(404, "Label does not exist")
    return _labels(call, pull)


@route("GET", "/repos/{repo}/releases/tags/{tag+}", "contents=read")
def release_by_tag(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#get-a-release-by-tag-name: no drafts."""
    found = next((one for one in call.repository.releases.values() if one.tag == call.params["tag"]), None)
    if found is None or found.draft:
        raise Refusal(404, "Not Found")
    return _release(call, found)


@route("POST", "/repos/{repo}/releases", "contents=write")
def create_release(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#create-a-release"""
    body = valid(call.body, RELEASE_BODY, required="tag_name")
    repository, tag = call.repository, body["tag_name"]
    target = body.get("target_commitish", repository.default_branch)
    latest = _latest(body)
    if any(one.tag == tag for one in repository.releases.values()):
        raise Refusal(422, "Validation Failed", errors=[_field("tag_name", "already_exists")])
    if tag not in repository.tags and repository.find(target) is None:
        raise Refusal(422, "Validation Failed", errors=[_field("target_commitish", "invalid")])
    notes = body.get("body")
    if body.get("generate_release_notes", False):
        # The last one before it, whoever made it.
        since = call.world.latest_release(repository.full_name)
        made = call.world.notes(repository.full_name, tag, target, since)
        notes = f"{notes}\n\n{made}" if notes else made
    if len(notes or "") > NOTES_LENGTH:
        long = f"body is too long (maximum is {NOTES_LENGTH} characters)"
        raise Refusal(422, "Validation Failed", errors=[problem("Release", "body", long)])
    id = call.world.publish_release(
        repository.full_name,
        tag,
        target,
        name=body.get("name"),
        body=notes,
        latest=latest != "false",
        draft=body.get("draft", False),
        prerelease=body.get("prerelease", False),
        by=call.login,
    )
    answer = _release(call, repository.releases[id])
    return Answer(answer.body, 201, {"Location": answer.body["url"]})


@route("PATCH", "/repos/{repo}/releases/{id#}", "contents=write")
def update_release(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#update-a-release"""
    found = call.repository.releases.get(call.number("id"))
    if found is None:
        raise Refusal(404, "Not Found")
    body = valid(call.body, {name: kind for name, kind in RELEASE_BODY.items() if name != "generate_release_notes"})
    if _latest(body) == "true" and "make_latest" in body:
        call.repository.latest_release = found.id
    found.name, found.body = body.get("name", found.name), body.get("body", found.body)
    return _release(call, found)


@route("POST", "/repos/{repo}/releases/generate-notes", "contents=write")
def generate_notes(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#generate-release-notes-content-for-a-release"""
    body = valid(call.body, NOTES_BODY, required="tag_name")
    found, tag, since = call.repository, body["tag_name"], body.get("previous_tag_name")
    target = body.get("target_commitish", found.default_branch)
    if since is not None and since not in found.tags:
        raise Refusal(422, "Validation Failed", errors=["Invalid previous_tag parameter"])
    if tag not in found.tags and found.find(target) is None:
        raise Refusal(422, "Validation Failed", errors=["Invalid target_commitish parameter"])
    return Answer({"name": tag, "body": call.world.notes(found.full_name, tag, target, since)})


def _pull(call: Call) -> PullRequest:
    found = call.repository.pull_requests.get(call.number("number"))
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _comment(call: Call) -> IssueComment:
    found = call.repository.comments.get(call.number("id"))
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _comment_body(call: Call) -> str:
    body: str = valid(call.body, {"body": TEXT}, required="body")["body"]
    if not body.strip():
        raise Refusal(422, "Validation Failed", errors=[problem("IssueComment", "body", "Body cannot be blank")])
    if len(body) > COMMENT_LENGTH:
        long = f"Body is too long (maximum is {COMMENT_LENGTH} characters)"
        raise Refusal(422, "Validation Failed", errors=[problem("IssueComment", "data", long)])
    return body


def _latest(body: dict[str, Any]) -> str:
    """Text, and no truth value: https://docs.github.com/en/rest/releases/releases#create-a-release"""
    latest: str = body.get("make_latest", "true")
    if latest not in {"true", "false", "legacy"}:
        raise Refusal(422, "Validation Failed", errors=[_field("make_latest", "invalid")])
    return latest


def _field(name: str, code: str) -> dict[str, str]:
    return {"resource": "Release", "code": code, "field": name}


def _labels(call: Call, pull: PullRequest) -> Answer:
    return Answer([call.world.write.label(call.repository, name) for name in pull.labels])


def _release(call: Call, found: Release) -> Answer:
    return Answer(call.world.write.release(call.repository, found))
