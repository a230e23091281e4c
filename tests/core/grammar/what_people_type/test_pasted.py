"""What people paste: links, and what the bot writes itself. Each line with the command that it is."""

from __future__ import annotations

import pytest

from bot.core.grammar.parser import NotUnderstood, parse, show
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary

SHA = "bc493b1f" * 5
PLACES = ("staging", "production")
WORDS = Vocabulary(
    {
        "web": AppVocabulary(PLACES, {}, "acme/web"),
        "api": AppVocabulary(PLACES, {}, "acme/api"),
        "shop": AppVocabulary(PLACES, {}, "acme/mono"),
        "admin": AppVocabulary(PLACES, {}, "acme/mono"),
    },
    here="web",
)
HUB = "https://github.com"
SAID = f"""
deploy topic@bc493b1 to staging -> deploy topic@bc493b1 to staging
deploy web/topic@bc493b1 to staging -> deploy web/topic@bc493b1 to staging
deploy web topic@bc493b1 to staging -> deploy web/topic@bc493b1 to staging
deploy web@topic to staging -> deploy web/topic to staging
deploy web@#12 -> deploy web#12
deploy web@#12 to staging -> deploy web#12 to staging
deploy web#12 to staging -> deploy web#12 to staging
deploy acme/web@topic to staging -> deploy web/topic to staging
deploy acme/web@feature/x to staging -> deploy web/feature/x to staging
deploy acme/web@topic@bc493b1 to staging -> deploy web/topic@bc493b1 to staging
deploy Acme/Web@topic to staging -> deploy web/topic to staging
deploy acme/api@topic to staging -> deploy api/topic to staging
deploy acme/web#12 to staging -> deploy web#12 to staging
deploy acme/web@#12 to staging -> deploy web#12 to staging
deploy acme/web to staging -> deploy web to staging
deploy acme/api to staging when green -> deploy api to staging when green
status acme/api -> status api
deploy {HUB}/acme/web/pull/12 to staging -> deploy web#12 to staging
deploy <{HUB}/acme/web/pull/12> to staging -> deploy web#12 to staging
deploy <{HUB}/acme/web/pull/12|github.com/acme/web/pull/12> to staging -> deploy web#12 to staging
deploy <{HUB}/acme/web/pull/12|#12 Add search> to staging -> deploy web#12 to staging
deploy <{HUB}/acme/web/pull/12|Add search to the page by bob · Pull Request #12 · acme/web> -> deploy web#12
deploy <{HUB}/acme/api/tree/topic|topic> to staging -> deploy api/topic to staging
deploy <{HUB}/acme/web/commit/bc493b1|Fix the page> to staging -> deploy web/bc493b1 to staging
deploy <{HUB}/acme/web/compare/main...topic|Comparing main to topic> to staging -> deploy web/topic to staging
lock staging because <https://jira.example.com/browse/X-1|X-1> needs it -> lock staging because X-1 needs it
deploy github.com/acme/web/pull/12 to staging -> deploy web#12 to staging
deploy http://www.github.com/acme/web/pull/12 -> deploy web#12
deploy {HUB}/acme/web/pull/12/ to staging -> deploy web#12 to staging
deploy {HUB}/acme/web/pull/12/files to staging -> deploy web#12 to staging
deploy {HUB}/acme/web/pull/12/checks?check_run_id=1 to staging -> deploy web#12 to staging
deploy {HUB}/acme/web/pull/12#issuecomment-77 to staging -> deploy web#12 to staging
deploy {HUB}/acme/web/pull/12/commits/{SHA} to staging -> deploy web/{SHA} to staging
deploy {HUB}/acme/api/pull/12 to staging when tests pass -> deploy api#12 to staging when green
can you deploy {HUB}/acme/web/pull/12 to staging? -> deploy web#12 to staging
deploy this {HUB}/acme/web/pull/12 -> !
please deploy <{HUB}/acme/web/pull/12>. -> deploy web#12
deploy PR {HUB}/acme/web/pull/12 to staging -> deploy web#12 to staging
deploy the branch {HUB}/acme/web/tree/topic to staging -> deploy web/topic to staging
ship {HUB}/acme/web/pull/12 -> ship web#12
ship {HUB}/acme/api/pull/12 to production -> ship api#12 to production
deploy {HUB}/acme/web/commit/{SHA} to staging -> deploy web/{SHA} to staging
deploy {HUB}/acme/web/commit/bc493b1 to staging -> deploy web/bc493b1 to staging
deploy {HUB}/acme/web/commit/{SHA}.patch to staging -> deploy web/{SHA} to staging
deploy {HUB}/acme/web/commit/{SHA}#diff-1 to staging -> deploy web/{SHA} to staging
deploy {HUB}/acme/web/tree/topic to staging -> deploy web/topic to staging
deploy {HUB}/acme/web/tree/feature/x to staging -> deploy web/feature/x to staging
deploy {HUB}/acme/web/tree/feature%2Fx to staging -> deploy web/feature/x to staging
deploy {HUB}/acme/web/commits/topic to staging -> deploy web/topic to staging
deploy {HUB}/acme/web/compare/main...topic to staging -> deploy web/topic to staging
deploy {HUB}/acme/web/compare/topic?expand=1 to staging -> deploy web/topic to staging
deploy {HUB}/acme/web/compare/main...acme:topic to staging -> deploy web/topic to staging
deploy {HUB}/acme/web/releases/tag/v1.2.0 to staging -> deploy web/refs/tags/v1.2.0 to staging
deploy {HUB}/acme/web to staging -> deploy web to staging
deploy {HUB}/acme/web.git to staging -> deploy web to staging
deploy main to {HUB}/acme/web/deployments/production -> deploy main to production
deploy main to {HUB}/acme/web/deployments/activity_log?environment=production -> deploy main to production
status {HUB}/acme/web/deployments/production -> status web in production
status {HUB}/acme/api/deployments/activity_log?environments_filter=staging -> status api in staging
status {HUB}/acme/api -> status api
what's on {HUB}/acme/api/deployments/production? -> status api in production
what's the status of {HUB}/acme/web/deployments/production -> status web in production
who deployed {HUB}/acme/api? -> deploys api
queue {HUB}/acme/api/deployments/production -> queue api in production
deploys {HUB}/acme/api/deployments/production -> deploys api in production
undeployed {HUB}/acme/api -> undeployed api
rollback web on production to main@bc493b1 -> rollback web on production to main@bc493b1
rollback to {HUB}/acme/web/commit/{SHA} -> rollback web to {SHA}
rollback on staging to {HUB}/acme/api/commit/{SHA} -> rollback api on staging to {SHA}
lock staging because {HUB}/acme/web/pull/12 needs it -> lock staging because {HUB}/acme/web/pull/12 needs it
lock staging for {HUB}/acme/web/pull/12 -> lock staging because {HUB}/acme/web/pull/12
can you lock staging for {HUB}/acme/web/pull/12? -> lock staging because {HUB}/acme/web/pull/12
lock staging for acme/api tests -> lock staging because acme/api tests
lock staging on acme/api -> lock staging on api
lock Acme/API staging for 2h -> lock staging on api for 2h
lock staging for 2h on acme/api because acme/api is slow -> lock staging on api for 2h because acme/api is slow
lock all on <{HUB}/acme/api|acme/api>: load test -> lock all on api because load test
unlock staging on {HUB}/acme/api.git -> unlock staging on api
unlock staging on www.github.com/acme/api/ -> unlock staging on api
take over staging on acme/api because it burns -> take over staging on api because it burns
ask for staging on acme/api -> ask for staging on api
notify me about staging on acme/api. -> notify me about staging on api
keep staging on {HUB}/acme/api -> keep staging on api
cancel acme/api in staging -> cancel api in staging
retry acme/api -> retry api
approve staging on {HUB}/acme/api -> approve api in staging
reject acme/api because acme/web is first -> reject api "acme/web is first"
logs acme/api in staging -> logs api in staging
why {HUB}/acme/api -> why api
figures acme/api -> figures api
schedule acme/api -> schedule api
promote acme/api from staging to production -> promote api from staging to production
freeze staging because see {HUB}/acme/other/pull/1 -> freeze staging because see {HUB}/acme/other/pull/1
reject #12 because {HUB}/acme/web/pull/12 is missing -> reject #12 "{HUB}/acme/web/pull/12 is missing"
deploy! main --force "see {HUB}/acme/other/pull/12" -> deploy main --force "see {HUB}/acme/other/pull/12"
undo because {HUB}/acme/web/pull/12 broke it -> undo it "{HUB}/acme/web/pull/12 broke it"
link {HUB}/octocat -> link octocat
"""
ROWS = [tuple(line.split(" -> ")) for line in SAID.strip().splitlines() if not line.endswith(" -> !")]


@pytest.mark.parametrize(("said", "meant"), ROWS)
def test_what_is_pasted_is_what_it_leads_to(said: str, meant: str) -> None:
    understood = parse(said, WORDS)

    assert not isinstance(understood, NotUnderstood), understood.reason
    assert show(understood) == meant


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"deploy {HUB}/acme/other/pull/12", "“acme/other” is the repository of no app that I know."),
        (
            f"deploy {HUB}/acme/mono/pull/12 to staging",
            "“acme/mono” is the repository of shop and admin: please name the app.",
        ),
        (
            "deploy acme/mono@topic to staging",
            "“acme/mono” is the repository of shop and admin: please name the app.",
        ),
        *(
            (said, "“acme/mono” is the repository of shop and admin: please name the app.")
            for said in (
                *("lock staging on acme/mono", "lock acme/mono staging for 2h", "unlock all on acme/mono"),
                *("approve staging on acme/mono", "keep staging on acme/mono", "status acme/mono"),
            )
        ),
        (
            f"lock staging on {HUB}/acme/mono",
            f"“{HUB}/acme/mono” is the repository of shop and admin: please name the app.",
        ),
        ("lock acme/other staging", "There is no app “acme/other”."),
        (
            f"deploy main to {HUB}/acme/api/deployments/production",  # which is not the app whose main is meant here
            "To “api” or to “production”? I understood both.",
        ),
        (
            f"rollback to {HUB}/acme/web/pull/12",
            "One goes back to a deployment or a commit: “web#12” is a pull request.",
        ),
        (
            "deploy https://gitlab.com/acme/web/pull/12",
            "“https://gitlab.com/acme/web/pull/12” cannot be the name of a branch, a tag or a commit.",
        ),
        (
            f"deploy {HUB}/acme/web/issues/12",
            f"“{HUB}/acme/web/issues/12” cannot be the name of a branch, a tag or a commit.",
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_refused(said: str, reason: str) -> None:
    understood = parse(said, WORDS)

    assert isinstance(understood, NotUnderstood)
    assert understood.reason == reason


def test_a_repository_of_several_apps_is_the_channels_own() -> None:
    words = Vocabulary(WORDS.apps, here="admin")

    understood = parse(f"deploy {HUB}/acme/mono/pull/12 to staging", words)

    assert not isinstance(understood, NotUnderstood)
    assert show(understood) == "deploy admin#12 to staging"
    locked = parse("lock staging on acme/mono", words)
    assert not isinstance(locked, NotUnderstood)
    assert show(locked) == "lock staging on admin"


def test_an_enterprise_servers_pages_are_known_by_its_address() -> None:
    words = Vocabulary(WORDS.apps, here="web", web_host="git.acme.example:8443")

    ours = parse("deploy https://git.acme.example:8443/acme/web/pull/12", words)

    assert not isinstance(ours, NotUnderstood)
    assert show(ours) == "deploy web#12"
    assert isinstance(parse(f"deploy {HUB}/acme/web/pull/12", words), NotUnderstood)
