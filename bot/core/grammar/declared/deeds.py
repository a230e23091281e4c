"""The commands that move code, and decide on what moves."""

from __future__ import annotations

from bot.core.grammar import commands as c
from bot.core.grammar import queries, spec
from bot.core.grammar.deploy import read_deploy, show_deploy
from bot.core.grammar.releases import read_promote, read_rollback, read_ship, show_promote, show_rollback, show_ship
from bot.core.grammar.spec import Spec

DEPLOY = Spec(
    name="deploy",
    usage="deploy[:task][!] [<app>[/<ref>|@<ref>] | <ref>] [to <env>[/<hosts>]] [key=value …] [when green]"
    ' [at <moment>] [--force "why"]',
    help="Deploy a branch, a tag, a commit or a pull request.",
    examples=(
        "deploy {app}/topic to {environment}",
        "deploy {app} #123 to {environment} when green",
        "deploy {app} to {environment} at 17:00",
        "deploy {app} to {environment} every weekday at 9:00",
        'deploy {app}/hotfix to {environment} --force "the site is down"',
    ),
    makes=c.Deploy,
    read_only=False,
    parse=read_deploy,
    show=show_deploy,
    phrasings=(
        "<push> {ref} [out|live] <onto> {env} {rest} => deploy {ref} to {env} {rest}",
        "<push> {app} {ref} [out|live] <onto> {env} {rest} => deploy {app} {ref} to {env} {rest}",
        "(push|send|put|publish|launch|release|ship|get|bring|move|roll out|rollout) {it} [out|live] <onto> {env} "
        "{rest} => deploy it to {env} {rest}",
        "(push|send|put|publish|launch|release|roll out|rollout) {pr} [out|live] <onto> {env} {rest} => deploy {pr} "
        "to {env} {rest}",
        "<do> <deployment> of {ref} [<onto>] {env} {rest} => deploy {ref} to {env} {rest}",
        "<do> <deployment> of {pr} [<onto>] {env} {rest} => deploy {pr} to {env} {rest}",
        "<do> <deployment> of {number} [<onto>] {env} {rest} => deploy {number} to {env} {rest}",
        "<do> <deployment> of {it} [<onto>] {env} {rest} => deploy it to {env} {rest}",
        "<do> <deployment> [<onto>] {env} {rest} => deploy to {env} {rest}",
        "roll {ref} out <onto> {env} {rest} => deploy {ref} to {env} {rest}",
        "roll {it} out <onto> {env} {rest} => deploy it to {env} {rest}",
    ),
)

DEEDS: tuple[Spec, ...] = (
    DEPLOY,
    Spec(
        name="ship",
        usage="ship #<pr> [to <env>]",
        help="Merge a pull request when its checks are green, and deploy the merge commit.",
        examples=("ship #123", "ship #123 to {environment}"),
        makes=c.Ship,
        read_only=False,
        parse=read_ship,
        show=show_ship,
    ),
    Spec(
        name="rollback",
        usage='rollback [<app>] [on <env>] [to <sha>|#<id>] ["why"]',
        help="Deploy again what ran before, or an earlier commit or deployment.",
        examples=("rollback {app} on {environment}", 'rollback {app} on {environment} to #12 "errors in checkout"'),
        makes=c.Rollback,
        read_only=False,
        parse=read_rollback,
        show=show_rollback,
        aliases=("roll back", "undo", "revert"),
        phrasings=(
            "roll {it} back {rest} => undo it {rest}",
            "roll {number} back {rest} => undo {number} {rest}",
            "roll {where} back {rest} => rollback {where} {rest}",
            "(back|take) {it} (out|back) {rest} => undo it {rest}",
            "(back out|take back) {it} {rest} => undo it {rest}",
            "<back> [my|last|latest|current] (<deployment>|change|changes) => undo it",
            "<back> [my|last|latest|current] {where} [{where}] <deployment> {rest} => rollback {where} {rest}",
            "<back> [my|last|latest|current] <deployment> {where} [{where}] {rest} => rollback {where} {rest}",
            "(roll back|rollback|go back|revert) {where} [{where}] to (previous|last|old|earlier) [good|working|stable|"
            "known good] <version> => rollback {where}",
            "(roll back|rollback|back out|take back) (deployment|deploy|release) {number} {rest} => undo {number} "
            "{rest}",
            "(roll back|rollback|go back|revert|return|switch|switch back) to (previous|last|old|earlier) [good|"
            "working|stable|known good] <version> <places> => rollback {where}",
            "restore (previous|last|old|earlier) [good|working|stable] <version> <places> => rollback {where}",
            "(go back|back|fall back) to {rest} => rollback to {rest}",
            "go back => undo it",
        ),
    ),
    Spec(
        name="promote",
        usage="promote <app> [from <env>] to <env>",
        help="Deploy to one environment what runs in another.",
        examples=("promote {app} to {environment}", "promote {app} from staging to {environment}"),
        makes=c.Promote,
        read_only=False,
        parse=read_promote,
        show=show_promote,
        phrasings=("promote {it} {rest} => promote {rest}",),
    ),
    spec.numbered(
        "cancel",
        c.Cancel,
        "Stop a deployment that waits or runs.",
        aliases=("abort", "stop"),
        read_only=False,
        phrasings=(
            "<cancel> {it} => cancel it",
            "<cancel> [my|current|running|last|whole] (deploy|deployment|deploying|rollout|release|run) => cancel",
            "<cancel> [my|current|running|last|whole] {where} [{where}] (<deployment>|deploying|run) => cancel {where}",
            "<cancel> [my|current|running|last|whole] (<deployment>|deploying|run) {where} [{where}] => cancel {where}",
            "(kill|halt|terminate|interrupt|scrap) {number} => cancel {number}",
            "(kill|halt|terminate) => cancel",
            "(stop deploying|do not deploy|call off) {it} => cancel it",
            "call {it} off => cancel it",
            "leave queue => cancel",
        ),
    ),
    spec.numbered(
        "retry",
        c.Retry,
        "Deploy the same commit to the same environment once more.",
        read_only=False,
        phrasings=(
            "(deploy|run|do|start|try) again => retry",
            "(deploy|run|do|start|try|repeat) {it} (again|once more) => retry it",
            "(again|once more|one more time|another try) => retry",
            "<redeploy> => retry",
            "<redeploy> {it} [again] => retry it",
            "<redeploy> {number} [again] => retry {number}",
            "(retry|redeploy|rerun|repeat) [my|last|failed|last failed] (deploy|deployment|release|run) [again] => "
            "retry",
            "(retry|redeploy|re-deploy|rerun|re-run|repeat|retry deploy|retry deployment) [my|last|failed|last failed] "
            "{where} [{where}] [deploy|deployment|release|run] [again] => retry {where}",
            "(retry|redeploy|rerun|repeat) [my|last|failed|last failed] (deploy|deployment|release|run|one) {where} "
            "[{where}] [again] => retry {where}",
            "(redeploy|re-deploy) {ref} {rest} => deploy {ref} {rest}",
            "give {it} another (try|go|shot|chance) => retry it",
            "run {number} again => retry {number}",
        ),
    ),
    spec.numbered(
        "approve",
        c.Approve,
        "Approve a deployment that waits for it.",
        read_only=False,
        phrasings=(
            "(lgtm|approved) => approve it",
            "(approve|accept|allow|confirm|greenlight) {it} => approve it",
            "(accept|allow|confirm|greenlight) {number} => approve {number}",
            "approve [waiting|pending] {where} [{where}] (deploy|deployment|release|rollout) => approve {where}",
            "approve [waiting|pending] (deploy|deployment|release|rollout) {where} [{where}] => approve {where}",
            "(i|we) approve {it} => approve it",
            "(i|we) approve {number} => approve {number}",
            "give {it} (green light|thumbs up|ok|okay|go) => approve it",
        ),
    ),
    Spec(
        name="reject",
        usage='reject [#<id>|[<app>] [<env>]] ["why"]',
        help="Refuse a deployment that waits for approval.",
        examples=('reject #12 "the migration is missing"', "reject"),
        makes=c.Reject,
        read_only=False,
        parse=queries.read_reject,
        show=queries.show_reject,
        phrasings=(
            "(deny|decline|veto|refuse|disapprove) {it} => reject it",
            "(deny|decline|veto|refuse|disapprove) {it} because {rest} => reject it because {rest}",
            "(deny|decline|veto|refuse|disapprove) {number} {rest} => reject {number} {rest}",
            "(deny|decline|veto|disapprove) => reject",
            "do not approve {it} => reject it",
            "do not approve {it} because {rest} => reject it because {rest}",
        ),
    ),
    Spec(
        name="queue",
        usage="queue [<app>] [<env>]",
        help="Show what runs and what waits its turn.",
        examples=("queue {app} {environment}", "queue"),
        makes=c.Queue,
        read_only=True,
        parse=queries.of_place(c.Queue),
        show=lambda queue: queries.show_place("queue", queue.app, queue.environment),
        phrasings=(
            "(is|are) [there] <something> [else] <going> [anything|something|stuff] <places>",
            "<something> [else] <going> <places>",
            "(pending|queued|in progress|in flight|in queue) [deploys|deployments|things] <places>",
            "what is [there] (pending|waiting|queued|in queue|in line|deploying|being deployed|in progress|going out|"
            "in flight|in pipeline|next) <places>",
            "who is (deploying|in queue|in line|next|waiting|first|up next|ahead of me|before me|in front of me) "
            "<places>",
            "(what|who) (deploys|waits|runs) <places>",
            "(is it|am i|are we) (my turn|our turn|next|in queue|queued) <places>",
            "(what is|where is) my (place|position|turn) [in queue|in line] <places>",
            "where (am i|are we|is it) in (queue|line) <places>",
            "how long is (queue|line) <places>",
            "(deploy|deployment) queue <places>",
            "queue (of|for) {where} [{where}]",
        ),
    ),
)
