"""What people ask for in words of their own: each sentence with the command that it is."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.core.grammar.commands import Deploy
from bot.core.grammar.parser import NotUnderstood, parse, parse_slash, show
from tests.core.grammar.words import WORDS

SAID = """
can you deploy main to prod? -> deploy main to production
can you please deploy main to prod? -> deploy main to production
could you deploy main to prod -> deploy main to production
Could you please deploy topic to staging? -> deploy topic to staging
would you deploy topic to staging, please? -> deploy topic to staging
can u deploy topic to staging -> deploy topic to staging
please deploy main to prod -> deploy main to production
pls deploy main to prod -> deploy main to production
deploy main to prod please -> deploy main to production
hey, deploy main to prod -> deploy main to production
ok deploy main to prod now -> deploy main to production
hi team, please deploy main to staging -> deploy main to staging
let's deploy main to prod -> deploy main to production
lets deploy main to prod -> deploy main to production
Let’s ship main to production -> deploy main to production
let us go ahead and deploy main to production -> deploy main to production
let me deploy main to staging -> deploy main to staging
let's ship #12 -> ship #12
let's ship #12 to staging -> ship #12 to staging
ship it -> ship it
Ship it! -> ship it
ship this please -> ship it
let's ship this pull request -> ship it
can you ship that PR? -> ship it
go ahead and deploy main to prod -> deploy main to production
I want to deploy main to staging -> deploy main to staging
I'd like to deploy main to staging -> deploy main to staging
we need to deploy main to production -> deploy main to production
we want to roll back production -> rollback on production
I would like you to deploy topic -> deploy topic
time to deploy main to production -> deploy main to production
please deploy:migrate! web -> deploy:migrate web --force
can you deploy! main to staging --force "it burns" -> deploy main to staging --force "it burns"
please roll it back -> undo it
can you roll it back? -> undo it
could you please roll production back? -> rollback on production
push main to production -> deploy main to production
push topic to staging when tests pass -> deploy topic to staging when green
release main to production -> deploy main to production
ship main to production -> deploy main to production
send topic to staging -> deploy topic to staging
put topic on staging -> deploy topic to staging
put main live on production -> deploy main to production
launch main on production -> deploy main to production
roll out main to production -> deploy main to production
roll main out to production -> deploy main to production
publish web main to production -> deploy web/main to production
push PR 12 to staging -> deploy #12 to staging
push main to production at 17:00 -> deploy main to production at 17:00
deploy PR 12 -> deploy #12
deploy PR #12 to staging -> deploy #12 to staging
deploy pr#12 to staging -> deploy #12 to staging
deploy web PR 12 to staging -> deploy web#12 to staging
deploy pull request 12 to staging -> deploy #12 to staging
deploy pull request number 12 to staging -> deploy #12 to staging
deploy the pull request #12 to staging -> deploy #12 to staging
deploy MR 12 -> deploy #12
deploy branch topic -> deploy topic
deploy branch topic to staging -> deploy topic to staging
deploy the branch topic to staging -> deploy topic to staging
deploy the topic branch to staging -> deploy topic to staging
deploy topic branch -> deploy topic
deploy web branch topic to staging -> deploy web/topic to staging
deploy tag v1.2 to production -> deploy v1.2 to production
deploy the tag v1.2 to production -> deploy v1.2 to production
deploy commit 6dcb09b to production -> deploy 6dcb09b to production
deploy my branch -> deploy mine
deploy my branch to staging -> deploy mine to staging
deploy my latest branch to staging -> deploy mine to staging
deploy my changes to staging when green -> deploy mine to staging when green
deploy web my branch to staging -> deploy web/mine to staging
can you deploy my branch to staging? -> deploy mine to staging
deploy the latest main to staging -> deploy main to staging
deploy latest main to staging -> deploy main to staging
deploy the latest version of main to staging -> deploy main to staging
deploy the main branch to production -> deploy main to production
deploy main to the staging environment -> !
deploy main again -> deploy main
deploy main to staging again -> deploy main to staging
deploy main to staging asap -> deploy main to staging
deploy main to staging right now -> deploy main to staging
deploy main to staging when CI is green -> deploy main to staging when green
deploy main to staging when the checks are green -> deploy main to staging when green
deploy main to staging once tests pass -> deploy main to staging when green
deploy main to staging once the tests have passed -> deploy main to staging when green
deploy main to staging as soon as CI passes -> deploy main to staging when green
deploy main to staging when it's green -> deploy main to staging when green
deploy main to staging after the build passes -> deploy main to staging when green
deploy main to staging if checks pass -> deploy main to staging when green
deploy main to staging when everything is green -> deploy main to staging when green
deploy main when its checks are green to staging -> deploy main to staging when green
deploy main to staging on green -> deploy main to staging when green
redeploy -> retry
redeploy it -> retry it
redeploy #12 -> retry #12
re-deploy -> retry
redeploy main to staging -> deploy main to staging
redeploy web topic to staging -> deploy web/topic to staging
deploy again -> retry
deploy again please -> retry
deploy it again -> retry it
try again -> retry
try it again -> retry it
run it again -> retry it
again! -> retry
once more -> retry
retry it -> retry it
retry #12 -> retry #12
retry the last deploy -> retry
rerun #12 -> retry #12
give it another try -> retry it
redeploy staging -> retry in staging
redeploy production -> retry in production
redeploy web -> retry web
redeploy the last one on staging -> retry in staging
retry staging -> retry in staging
retry web on production -> retry web in production
retry the failed deployment on staging -> retry in staging
cancel staging -> cancel in staging
cancel web staging -> cancel web in staging
cancel the staging deployment -> cancel in staging
cancel the deployment to staging please -> cancel in staging
can you cancel the staging deployment? -> cancel in staging
stop the running staging deploy -> cancel in staging
kill the deployment on staging -> cancel in staging
approve production -> approve in production
approve the production deployment -> approve in production
approve the deployment to production -> approve in production
reject production because it is not tested -> reject in production "it is not tested"
reject production is not ready -> reject in production "is not ready"
stop -> cancel
stop! -> cancel
abort -> cancel
stop it -> cancel it
stop that -> cancel it
stop this deployment -> cancel it
stop the deployment -> cancel
stop my deploy -> cancel
please stop -> cancel
can you stop #12? -> cancel #12
stop #12 please -> cancel #12
can you approve #12 please? -> approve #12
please unlock production now -> unlock production
lock staging for me for 2h, please -> lock staging for 2h
could you lock staging for us? -> lock staging
deploy web please -> deploy web
deploy main to production, thanks! -> deploy main to production
deploy main to production for me please -> deploy main to production
deploy to production please -> deploy to production
promote staging to production -> promote from staging to production
promote web from staging to production please -> promote web from staging to production
cancel that -> cancel it
cancel the deploy -> cancel
cancel deployment #12 -> cancel #12
kill it -> cancel it
kill #12 -> cancel #12
halt -> cancel
terminate #12 -> cancel #12
stop deploying -> cancel
don't deploy it -> cancel it
call it off -> cancel it
leave the queue -> cancel
make a deployment of main to staging -> deploy main to staging
please do the deploy of main to staging -> deploy main to staging
start a deployment of #12 to staging -> deploy #12 to staging
trigger a deployment of PR 12 to staging -> deploy #12 to staging
start a deploy to staging -> deploy to staging
run a deployment of it on production -> deploy it to production
deploy please main to staging -> deploy main to staging
deploy the same commit to production -> deploy it to production
deploy the same to production too -> deploy it to production
deploy it to production as well -> deploy it to production
get status on staging -> status in staging
get logs on production -> logs in production
Shipmate, deploy topic to staging -> deploy topic to staging
hey :wave: deploy topic to staging -> deploy topic to staging
hey,deploy topic to staging -> deploy topic to staging
good evening shipmate! deploy topic to staging -> deploy topic to staging
lgtm, thanks -> approve it
reject it, the tests are missing -> reject it "the tests are missing"
undo -> undo it
undo! -> undo it
UNDO!!! -> undo it
revert! -> undo it
undo!! please -> undo it
undo it -> undo it
undo the last deploy on staging -> rollback on staging
undo my staging deploy -> rollback on staging
undo the deploy to production because it burns -> rollback on production "it burns"
revert the staging deployment -> rollback on staging
rollback production to the previous version -> rollback on production
roll back to commit 6dcb09b -> rollback to 6dcb09b
rollback staging to tag v1.2 -> rollback on staging to v1.2
undo that -> undo it
undo #12 -> undo #12
undo the last deploy -> undo it
undo my deployment -> undo it
undo because errors in checkout -> undo it "errors in checkout"
revert -> undo it
revert it -> undo it
revert #12 -> undo #12
revert production -> rollback on production
revert web on staging -> rollback web on staging
revert to #12 -> rollback to #12
roll it back -> undo it
roll that back please -> undo it
roll it back because errors in checkout -> undo it "errors in checkout"
roll it back on staging -> rollback on staging
roll back -> rollback
roll back it -> undo it
roll back the last deployment -> undo it
roll production back -> rollback on production
roll web back on staging -> rollback web on staging
roll back web on prod -> rollback web on production
roll back to #12 -> rollback to #12
roll #12 back -> undo #12
roll back deployment #12 -> undo #12
roll back to the previous version -> rollback
roll back to the last good version on staging -> rollback on staging
go back to the previous version on production -> rollback on production
go back to #12 -> rollback to #12
go back to 6dcb09b -> rollback to 6dcb09b
restore the previous version on staging -> rollback on staging
back it out -> undo it
take it back -> undo it
rollback -> rollback
rollback it -> undo it
approve it -> approve it
approve this -> approve it
approve #12 -> approve #12
I approve #12 -> approve #12
I approve this -> approve it
lgtm -> approve it
LGTM! -> approve it
give it the green light -> approve it
reject it -> reject it
reject it because the migration is missing -> reject it "the migration is missing"
reject this is not tested -> reject "this is not tested"
reject #12 please -> reject #12
reject #12 not now -> reject #12 "not now"
deny #12 because no -> reject #12 "no"
decline it -> reject it
veto #12 -> reject #12
don't approve it because it is friday -> reject it "it is friday"
lock it -> lock it
lock this for 2h because testing -> lock it for 2h because testing
reserve staging -> lock staging
reserve staging for 2h because testing the migration -> lock staging for 2h because testing the migration
claim staging because testing -> lock staging because testing
grab staging for 2h -> lock staging for 2h
take staging for 2h -> lock staging for 2h
put a lock on staging -> lock staging
put a lock on staging because testing -> lock staging because testing
lock down production because of an incident -> lock production because of an incident
can you lock staging for 2h? -> lock staging for 2h
unlock it -> unlock it
release staging -> unlock staging
free staging -> unlock staging
free up staging -> unlock staging
release the lock on staging -> unlock staging
release the lock on staging for web -> unlock staging on web
release my lock -> unlock mine
release my locks -> unlock mine
drop the lock on production -> unlock production
remove the lock from staging -> unlock staging
release it -> unlock it
release the lock -> unlock it
I'm done with staging -> unlock staging
give staging back -> unlock staging
steal staging because of a hotfix -> take over staging because of a hotfix
steal the lock on staging because of a hotfix -> take over staging because of a hotfix
take staging over because of a hotfix -> take over staging because of a hotfix
take over staging because of a hotfix -> take over staging because of a hotfix
take over it because of a hotfix -> take over it because of a hotfix
stop pinging me -> mute
don't mention me -> mute
ping me again -> unmute
not today -> not today
not today, please -> not today
stop reminding us -> not today
no more reminders today -> not today
remind us tomorrow -> not today
!deploy main to staging -> deploy main to staging
.deploy main to staging -> deploy main to staging
/deploy main to staging -> deploy main to staging
!status -> status
/deploy status -> status
/deploy lock staging for 2h -> lock staging for 2h
/deploy web/topic to staging -> deploy web/topic to staging
/lock staging -> lock staging
!rollback web on staging -> rollback web on staging
.retry -> retry
deploy it -> deploy it
deploy it to production -> deploy it to production
deploy that to prod when green -> deploy it to production when green
deploy this to staging -> deploy it to staging
deploy this branch to staging -> deploy it to staging
deploy this commit to production -> deploy it to production
ship it to production -> deploy it to production
ship this to prod please -> deploy it to production
push it to staging -> deploy it to staging
get this onto production -> deploy it to production
put it on staging -> deploy it to staging
roll it out to production -> deploy it to production
promote it to production -> promote to production
logs of it -> logs it
queue it -> queue in it
"""
ROWS = [tuple(line.split(" -> ")) for line in SAID.strip().splitlines() if not line.endswith("-> !")]


@pytest.mark.parametrize(("said", "meant"), ROWS)
def test_what_is_asked_for_in_other_words_is_the_command(said: str, meant: str) -> None:
    understood = parse(said, WORDS)

    assert not isinstance(understood, NotUnderstood), understood.reason
    assert show(understood) == meant


@pytest.mark.parametrize(("said", "meant"), ROWS)
def test_it_is_the_same_in_capitals_with_spaces_and_typed_on_a_phone(said: str, meant: str) -> None:
    spaced = said if '"' in said or "because" in said else said.replace(" ", "  ")
    for typed in (said.replace("'", "’"), f"  {said}  ", spaced, said[:1].upper() + said[1:]):
        understood = parse(typed, WORDS)

        assert not isinstance(understood, NotUnderstood), understood.reason
        assert show(understood) == meant


def test_no_sentence_stands_there_twice() -> None:
    assert [said for said, count in Counter(said for said, _ in ROWS).items() if count > 1] == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("my branch to staging", "deploy mine to staging"),
        ("#12", "deploy #12"),
        ("it", "deploy it"),
        ("changes", "deploy changes"),
        ("error to staging", "deploy error to staging"),
        ("status", "status"),
        ("logs", "logs"),
        ("PR 12 to staging", "deploy #12 to staging"),
        ("it to production", "deploy it to production"),
        ("roll it back", "undo it"),
        ("can you deploy main to staging?", "deploy main to staging"),
        ("release the lock on staging", "unlock staging"),
        ("topic to staging once tests pass", "deploy topic to staging when green"),
    ],
)
def test_behind_a_slash_the_verb_may_be_missing(said: str, meant: str) -> None:
    understood = parse_slash(said, WORDS)

    assert not isinstance(understood, NotUnderstood), understood.reason
    assert show(understood) == meant


@pytest.mark.parametrize(
    "said",
    [
        "put staging on hold",
        "put me on production",
        "send the logs to staging",
        "push the lock to staging",
        "get everything to production",
        "release the kraken",
        "I'm going to deploy main to production",
        "we will deploy main to production tomorrow",
        "bob deployed main to production",
        "thanks for deploying main to production",
        "never deploy main to production",
        "nobody should deploy main to production",
        "looks good",
        "yes",
        "ok",
        "it",
        "go",
        "no",
        "do it",
        "the deploy of main to production was great",
        "I wonder",
        "take care",
        "free beer",
        "hold my beer",
    ],
)
def test_what_is_no_command_is_none(said: str) -> None:
    understood = parse(said, WORDS)

    assert isinstance(understood, NotUnderstood) or show(understood) == "deploys it"


@pytest.mark.parametrize(
    ("said", "ref"),
    [
        ("deploy web/it to staging", "it"),
        ("deploy refs/heads/it to staging", "refs/heads/it"),
        ("deploy it-works to staging", "it-works"),
        ("deploy this-branch to staging", "this-branch"),
        ("deploy that/topic to staging", "that/topic"),
        ("deploy the-topic to staging", "the-topic"),
        ("deploy my-branch to staging", "my-branch"),
        ("deploy latest-fix to staging", "latest-fix"),
        ("deploy pr-12 to staging", "pr-12"),
        ("deploy branch-12 to staging", "branch-12"),
        ("deploy can-you to staging", "can-you"),
        ("deploy again-and-again to staging", "again-and-again"),
        ("deploy branch to staging", "branch"),
        ("deploy web/my/branch to staging", "my/branch"),
        ("deploy when-green to staging", "when-green"),
    ],
)
def test_branches_may_be_called_almost_like_it(said: str, ref: str) -> None:
    understood = parse(said, WORDS)

    assert isinstance(understood, Deploy)
    assert (understood.ref, understood.environment, understood.when_green) == (ref, "staging", False)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('deploy! main --force "once tests pass we wait"', "once tests pass we wait"),
        ("deploy! main --force because PR 12 is needed again", "PR 12 is needed again"),
        ('deploy! main --force "is it the latest?"', "is it the latest?"),
        ("lock staging because my branch needs it", "my branch needs it"),
        ("lock staging because the checks pass", "the checks pass"),
        ("reserve staging because we deploy it again now, please", "we deploy it again now, please"),
        ('roll it back "so far  so good"', "so far  so good"),
        ("undo because PR 12 broke it", "PR 12 broke it"),
        ("reject #12 because it is not the latest", "it is not the latest"),
    ],
)
def test_a_reason_stays_as_it_was_typed(said: str, reason: str) -> None:
    understood = parse(said, WORDS)

    assert not isinstance(understood, NotUnderstood), understood.reason
    assert (getattr(understood, "reason", None) or getattr(understood, "force_reason", None)) == reason
