"""What people ask: each sentence with the command that answers it. A question changes nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.grammar.commands import Command
from bot.core.grammar.parser import AskedBack, NotUnderstood, parse, parse_slash, show
from bot.core.grammar.registry import COMMANDS, spec_of
from tests.core.grammar.words import ANYWHERE, WORDS

ASKED = """
who deployed this? -> deploys it
who approved it? -> deploys it
who has cancelled that -> deploys it
who can approve it? -> why it
who has to approve #12? -> why #12
is it approved? -> deploys it
was main deployed? -> deploys main
has topic been deployed to staging -> deploys topic in staging
when was the last deployment of main to staging? -> deploys main in staging
deployments of main -> deploys main
what happened? -> deploys
what happened to it? -> deploys it
what happened on production? -> deploys in production
who rolled back production -> deploys in production
what's on staging, thanks -> status in staging
is staging free? thanks! -> status in staging
what's on staging -> status in staging
What’s on staging? -> status in staging
whats on prod -> status in production
what is on production? -> status in production
what's running on staging right now? -> status in staging
what is running -> status
what's running? -> status
what is deployed on production -> status in production
what's live -> status
what do we have on staging? -> status in staging
what's currently deployed to the staging environment? -> status in staging
which version is on production -> status in production
which version is on production? -> status in production
which commit is live on prod? -> status in production
what version is running on staging -> status in staging
what branch is on staging -> status in staging
what is the current version on production? -> status in production
version on staging -> status in staging
what's up -> status
what's up with staging? -> status in staging
what's happening? -> status
what's going on in production? -> status in production
how's staging doing? -> status in staging
how is web doing? -> status web
how are things? -> status
is staging up? -> status in staging
is production ok? -> status in production
is staging free? -> status in staging
is staging in use? -> status in staging
is anyone using staging? -> status in staging
can I use staging? -> status in staging
can we have staging? -> status in staging
is topic live on production? -> status in production
is it deployed to staging? -> status in staging
staging? -> status in staging
web? -> status web
prod status -> status in production
status of staging -> status in staging
what's the status of web on production? -> status web in production
give me an overview -> status
progress? -> status
eta -> status
ETA? -> status
when will it be done? -> status
when is it done -> status
when will this be live? -> status
how long will it take? -> status
how much longer? -> status
how long does the deploy take? -> status
are we live? -> status
is it live yet? -> status
is it done? -> status
what is deployed where? -> status
who has the lock -> locks
who has the lock? -> locks
who's got the lock on staging? -> locks
who holds production? -> locks
who has staging? -> locks
who locked production? -> locks
who is using staging? -> locks
who is on staging? -> locks
is production locked? -> locks
Is staging locked right now? -> locks
production locked? -> locks
is anything locked? -> locks
are there any locks? -> locks
what's locked? -> locks
why is staging locked? -> locks
until when is production locked? -> locks
when will staging be free again? -> locks
when does the lock expire? -> locks
my locks -> locks
show me the locks -> locks
show me the lock on staging -> locks
list locks -> locks
lock status -> locks
anything running -> queue
anything running? -> queue
anything running on prod? -> queue in production
is anyone deploying -> queue
is anybody deploying to production right now? -> queue in production
is somebody else deploying? -> queue
are you deploying anything? -> queue
is something in progress? -> queue
pending -> queue
anything pending? -> queue
what's pending for production? -> queue in production
what is waiting -> queue
what's in the queue? -> queue
who's next? -> queue
who is deploying? -> queue
who's deploying to prod? -> queue in production
any deployments running? -> queue
deployments in progress -> queue
is it my turn? -> queue
how long is the queue? -> queue
can you show me the queue for production? -> queue in production
show queue -> queue
who deployed production -> deploys in production
who deployed to production last? -> deploys in production
who last deployed to prod? -> deploys in production
who deployed web to staging? -> deploys web in staging
who shipped to production? -> deploys in production
who did the last deploy? -> deploys
last deploy -> deploys
last deploy? -> deploys
latest deployments to staging -> deploys in staging
recent deploys -> deploys
what was the last deployment to production? -> deploys in production
when was production last deployed? -> deploys in production
when did we last deploy to prod? -> deploys in production
when was the last deploy? -> deploys
what was deployed yesterday? -> deploys
what did we deploy to production today? -> deploys in production
deploy history -> deploys
history of staging -> deploys in staging
#12 -> deploys #12
#12? -> deploys #12
show #12 -> deploys #12
show me #12 -> deploys #12
what is #12 -> deploys #12
what happened to #12? -> deploys #12
how's #12 doing? -> deploys #12
is #12 done? -> deploys #12
is #12 live? -> deploys #12
did #12 work? -> deploys #12
status of #12 -> deploys #12
status #12 -> deploys #12
who approved #12? -> deploys #12
did it work? -> deploys it
why did it fail -> logs it
why did it fail? -> logs it
Why did that deploy fail? -> logs it
why did #12 fail? -> logs #12
why did production fail? -> logs in production
why did the last deploy fail -> logs
what went wrong? -> logs
what's wrong with #12? -> logs #12
log -> logs
logs -> logs
logs? -> logs
the logs please -> logs
show me the log -> logs
show the logs for staging -> logs in staging
log of #12 -> logs #12
logs #12 last 50 -> logs #12 last 50
can you give me the output of #12? -> logs #12
error -> logs
why is it waiting -> why it
why is it waiting? -> why it
why is this stuck? -> why it
why isn't it live? -> why it
why is it taking so long? -> why it
why is #12 not live -> why #12
why isn't #12 live? -> why #12
why is #12 waiting? -> why #12
why was it refused -> why it
why was it rejected? -> why it
why was #12 cancelled? -> why #12
why did #12 not go out? -> why #12
why didn't it deploy? -> why it
what is #12 waiting for? -> why #12
what are we waiting for? -> why
what's blocking #12? -> why #12
what's blocking it? -> why it
why can't I deploy to production? -> why in production
why can't we deploy? -> why
why is nothing happening? -> why
why did you refuse? -> why
why? -> why
why not? -> why
what changed -> diff
what changed? -> diff
what has changed on staging? -> diff in staging
what would change on production? -> diff in production
what's new on production? -> status in production
changes -> diff
changes on staging -> diff in staging
changelog -> diff
what would be deployed to production? -> diff in production
what's the difference between staging and production? -> diff staging against production
compare staging with production -> diff staging against production
how far is production behind staging? -> diff production against staging
is production behind? -> diff in production
what is not deployed yet? -> undeployed
undeployed changes -> undeployed
figures -> figures
how often do we deploy? -> figures
how often do we deploy to production? -> figures
how often did we deploy last week? -> figures
how often does web deploy? -> figures web
how many deployments did we have last week? -> figures
how many deploys this week? -> figures
what's our lead time? -> figures
what is the lead time of web? -> figures web
lead time -> figures
change failure rate -> figures
deployment frequency? -> figures
what's our mean time to recovery? -> figures
mttr -> figures
dora -> figures
show me the metrics -> figures
how fast are we? -> figures
how often do deploys fail? -> figures
can I deploy -> where can I deploy
can I deploy? -> where can I deploy
can I deploy to production? -> where can I deploy
can we deploy? -> where can I deploy
where can we deploy web? -> where can I deploy web
who can deploy to production? -> where can I deploy
am I allowed to deploy to prod? -> where can I deploy
what environments are there? -> where can I deploy
what's scheduled? -> schedule
is anything scheduled? -> schedule
upcoming deployments -> schedule
when is the next deploy? -> schedule
is production frozen? -> freezes
are we frozen? -> freezes
is there a freeze? -> freezes
when does the freeze end? -> freezes
why is production frozen? -> freezes
who froze production? -> freezes
who am I? -> whoami
what can I do? -> whoami
what's my GitHub login? -> whoami
do you know me? -> whoami
which version are you? -> version
are you there? -> version
who are you? -> help
what can you do? -> help
how does this work? -> help
help me -> help
help me please -> help
I need help -> help
help -> help
what are your commands? -> help
deploy help -> help deploy
lock help -> help lock
help me deploy -> help deploy
help with rollback -> help rollback
how do I roll back production? -> help rollback
how do I deploy my branch? -> help deploy
how can I lock staging? -> help lock
how to deploy? -> help deploy
what does promote do? -> help promote
how does lock work? -> help lock
could you tell me what's on staging? -> status in staging
do you know who has the lock? -> locks
can you please show me what is running? -> status
tell me who deployed production -> deploys in production
I'd like to know what's on production -> status in production
hey, what's on staging? -> status in staging
show production -> status in production
check staging -> status in staging
show me web -> status web
is the deploy done? -> status
has the deploy finished? -> status
is my deploy done? -> status
where's my deploy? -> status
is everything ok? -> status
what's the latest version on production? -> status in production
did my deploy work? -> deploys
did the last deploy fail? -> deploys
did production get deployed? -> deploys in production
anything failing? -> deploys
has #12 been deployed? -> deploys #12
are the checks green on #12? -> why #12
what's not on production? -> undeployed
what's on production vs staging? -> diff production against staging
what? -> help
"""
ROWS = [tuple(line.split(" -> ")) for line in ASKED.strip().splitlines()]


@pytest.mark.parametrize(("said", "meant"), ROWS)
def test_a_question_is_answered_by_the_look_that_is_meant(said: str, meant: str) -> None:
    understood = parse(said, WORDS)

    assert not isinstance(understood, NotUnderstood), understood.reason
    assert show(understood) == (meant if " against " in meant else show(_command(meant)))
    assert spec_of(understood).read_only


@pytest.mark.parametrize(("said", "meant"), ROWS)
def test_it_is_the_same_behind_a_slash_and_where_no_app_is_at_home(said: str, meant: str) -> None:
    if " " in said or ("?" in said and not said.startswith("#")):  # one word may be what is to be deployed
        assert parse_slash(said, WORDS) == parse(said, WORDS)
    assert not isinstance(parse(said, ANYWHERE), AskedBack)
    assert meant


def test_no_sentence_stands_there_twice() -> None:
    assert [said for said, count in Counter(said for said, _ in ROWS).items() if count > 1] == []


@pytest.mark.parametrize(
    ("said", "asked_about"),
    [
        ("deploy main to prod?", "deploy main to production"),
        ("deploy main to prod ?", "deploy main to production"),
        ("deploy main to prod??", "deploy main to production"),
        ("deploy main to prod?!", "deploy main to production"),
        ("deploy main to prod? thanks", "deploy main to production"),
        ("deploy?", "deploy"),
        ("rollback?", "rollback"),
        ("rollback web on staging?", "rollback web on staging"),
        ("undo?", "undo it"),
        ("cancel #12?", "cancel #12"),
        ("approve it?", "approve it"),
        ("retry?", "retry"),
        ("lock staging?", "lock staging"),
        ("unlock staging?", "unlock staging"),
        ("freeze production because of the holidays?", "freeze production because of the holidays"),
        ("ship #12?", "ship #12"),
        ("mute?", "mute"),
        ("should I deploy main to prod", "deploy main to production"),
        ("should we deploy topic to staging?", "deploy topic to staging"),
        ("shall I roll back production?", "rollback on production"),
        ("can we deploy main to production?", "deploy main to production"),
        ("can I deploy topic to staging?", "deploy topic to staging"),
        ("may I lock staging?", "lock staging"),
        ("what if I deploy main to prod", "deploy main to production"),
        ("what happens if we rollback production?", "rollback on production"),
        ("is it safe to deploy main to production?", "deploy main to production"),
        ("is it ok if I lock staging?", "lock staging"),
        ("why not deploy main to staging", "deploy main to staging"),
        ("did you deploy main to staging?", "deploy main to staging"),
        ("did anybody deploy topic to production?", "deploy topic to production"),
        ("would it be possible to deploy main to staging?", "deploy main to staging"),
        ("show me deploy main to staging", "deploy main to staging"),
        ("roll it back?", "undo it"),
        ("push main to production?", "deploy main to production"),
        ("stop?", "cancel"),
        ("redeploy?", "retry"),
        ("deploy it to production?", "deploy it to production"),
        ("release the lock on staging?", "unlock staging"),
    ],
)
def test_a_deed_that_is_asked_about_is_asked_back(said: str, asked_about: str) -> None:
    understood = parse(said, WORDS)

    if not isinstance(understood, NotUnderstood):
        assert (show(understood), spec_of(understood).read_only) == (asked_about, True)
        return
    assert isinstance(understood, AskedBack), understood.reason
    assert show(understood.command) == asked_about


@pytest.mark.parametrize("said", [said for said, _ in ROWS])
def test_no_question_of_the_table_is_a_deed(said: str) -> None:
    for asked in (f"{said.rstrip('?')}?", f"{said} ?", f"ok {said.rstrip('?')}?", f"so, {said.rstrip('?')}??"):
        assert _changes_nothing(asked)


BEGINNINGS = [
    "",
    "so ",
    "hey ",
    "should I ",
    "shall we ",
    "can I ",
    "what if we ",
    "show me ",
    "do you know if ",
    "!",
    "/",
]
DEEDS = [
    *("deploy main to production", "deploy", "deploy! main to staging", "deploy:migrate web", "deploy topic at 17:00"),
    *("rollback", "undo", "undo #12", "rollback web on production to #12", "roll it back", "cancel", "cancel #12"),
    *("retry", "retry #12", "approve", "approve #12", "reject #12 because no", "lock staging", "lock it for 2h"),
    *("unlock staging", "unlock mine", "take over staging because urgent", "keep staging", "ask for staging", "mute"),
    *("freeze all because of an incident", "unfreeze all", "unschedule #12", "link octocat", "ship #12", "promote web"),
    *("push main to production", "redeploy", "deploy again", "reserve staging", "free up staging", "lgtm", "kill it"),
    *("hand over octocat to @U012AB3CD", "withhold octocat from @U012AB3CD", "unmute", "notify me about staging"),
    *("not today", "stop reminding us", "remind us tomorrow"),
]  # fmt: skip


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.sampled_from(BEGINNINGS),
    st.sampled_from([*DEEDS, *(said.rstrip("?") for said, _ in ROWS)]),
    st.sampled_from(["", " now", " again", " on web", " because of it", " when green", " please", "!", "…"]),
    st.sampled_from(["?", " ?", "??", "?!", "? ", "? thanks", "？"]),
)
def test_no_question_ever_changes_anything(beginning: str, said: str, more: str, mark: str) -> None:
    assert _changes_nothing(f"{beginning}{said}{more}{mark}")


@pytest.mark.parametrize("name", [spec.name for spec in COMMANDS if not spec.read_only])
def test_no_pattern_of_a_deed_begins_like_a_question(name: str) -> None:
    spec = next(one for one in COMMANDS if one.name == name)
    first_words = {word.strip("([{") for pattern in spec.phrasings for word in pattern.split()[0].split("|")}

    asking = {"what", "who", "why", "when", "where", "which", "how", "is", "are", "was", "did", "does", "has", "should"}
    assert not first_words & asking


def _changes_nothing(said: str) -> bool:
    for words in (WORDS, ANYWHERE):
        for understood in (parse(said, words), parse_slash(said, words)):
            if not isinstance(understood, NotUnderstood) and not spec_of(understood).read_only:
                return False
    return True


def _command(line: str) -> Command:
    understood = parse(line, WORDS)
    assert not isinstance(understood, NotUnderstood)
    return understood
