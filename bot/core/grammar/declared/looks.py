"""The commands that look at what was deployed, is, and will be."""

from __future__ import annotations

from bot.core.grammar import commands as c
from bot.core.grammar import queries, spec
from bot.core.grammar.spec import Spec

LOOKS: tuple[Spec, ...] = (
    Spec(
        name="deploys",
        usage="deploys [<app>[/<ref>]] [in <env>]",
        help="Show the latest deployments; with a number, one of them and its log.",
        examples=("deploys {app} in {environment}", "deploys #12"),
        makes=c.Deploys,
        read_only=True,
        parse=queries.read_deploys,
        show=queries.show_deploys,
        aliases=("deployments", "history"),
        phrasings=(
            "{number} => deploys {number}",
            "{it} => deploys it",
            "(what is|what was|what about|status of|state of|details of|details on|status|details|info on|info) "
            "{number} => deploys {number}",
            "(what happened|what is up|what is happening|what is going on) (to|with|in) {number} => deploys {number}",
            "(how is|how was|where is|is) {number} [doing|going|done|live|finished|deployed|running|ok|okay|over|"
            "ready|out|through] => deploys {number}",
            "(did|has|was) {number} [been] (work|worked|succeed|succeeded|fail|failed|finish|finished|go through|gone "
            "through|successful|ok|deployed|make it) => deploys {number}",
            "who [has] <decided> {number} => deploys {number}",
            "who [has] <decided> {it} => deploys it",
            "(is|was|has|did) {it} [been|get] (approved|rejected|cancelled|canceled|stopped|rolled back) => deploys it",
            "is {ref} (deployed|released|shipped) => deploys {ref}",
            "(was|has|did) {ref} [been|get|got] (deployed|deploy|released|shipped) <places> => deploys {ref} {where}",
            "(when|what) was [last|latest|most recent] <deploys> of {ref} <places> => deploys {ref} {where}",
            "(what happened|what has happened) [to|with] {it} => deploys it",
            "(what happened|what has happened) <places> => deploys {where}",
            "<deploys> of {ref} <places> => deploys {ref} {where}",
            "who rolled back {where} [{where}] => deploys {where}",
            "who rolled {where} [{where}] back => deploys {where}",
            "(did|has|is|was) (my|our|last|latest) <deployment> "
            "(work|worked|succeed|succeeded|fail|failed|ok|successful) => deploys",
            "(did|has|was) {where} [{where}] [get|got|been] (deployed|updated|released) => deploys {where}",
            "(is|are) (anything|something) (failing|broken|wrong|red|failed) <places> => deploys {where}",
            "(anything|something) (failing|broken|wrong|red|failed) <places> => deploys {where}",
            "(did|has) {it} (work|worked|succeed|succeeded|go through|finish) => deploys it",
            "who [has|was] [last] (deployed|deploying|shipped|released|pushed|deploys) [last|latest] <places> [last|"
            "recently|today] => deploys {where}",
            "who (did|made|started) [last|latest] <deploys> <places> => deploys {where}",
            "who [last] (touched|changed|broke) {where} [{where}] [last] => deploys {where}",
            "(what is|what was|when was|who did) (last|latest|most recent|previous) <deploys> <places> => deploys "
            "{where}",
            "[my|our|all] (last|latest|recent|most recent|previous|past|todays|today's|yesterday's|last few|last "
            "ten) <deploys> <places> => deploys {where}",
            "when (was|were|did|has) {where} [{where}] [last] [been] (deployed|deploy|updated|released|changed) "
            "[last|to] => deploys {where}",
            "when did (we|you|anyone|anybody|someone|somebody|i|they) [last] deploy <places> [last] => deploys {where}",
            "when was [last] (deployed|deploy|release) <places> [last] => deploys {where}",
            "what (was|were|has|have|got|did) [we|you|they|been|anyone] [last] (deployed|deploy|shipped|ship|"
            "released|release|pushed) <places> [today|yesterday|last|lastly|recently|lately|last week|this week|last "
            "night|this morning] => deploys {where}",
            "(deploy|deployment|release) (history|list|log of deployments|record) <places> => deploys {where}",
            "(history|record) (of|for) {where} [{where}] => deploys {where}",
        ),
    ),
    Spec(
        name="logs",
        usage="logs [#<id>|[<app>] [<env>]] [last <n>]",
        help="Show the end of a deployment's log; without a number, of the last one that failed.",
        examples=("logs #12", "logs {app} in {environment} last 50", "logs"),
        makes=c.Logs,
        read_only=True,
        parse=queries.read_logs,
        show=queries.show_logs,
        aliases=("log",),
        phrasings=(
            "(log|logs|output|errors|error|error message|build log|deploy log|deployment log|deploy logs|build logs|"
            "error log) <places> => logs {where}",
            "<logs> [of|for|from] {number} => logs {number}",
            "(log|logs|output|errors|error|error message|build log|deploy log) [of|for|from] {it} => logs it",
            "(log|logs|output) [of|for|from] [my|last|latest|failed|last failed|current] (deploy|deployment|release|"
            "run|failure) => logs",
            "(why|how) (did|has) {it} <broke> => logs it",
            "(why|how) (did|has) {number} <broke> => logs {number}",
            "(why|how) (did|has) [my|our|last|latest] (deploy|deployment|release|rollout|build) {where} (fail|failed|"
            "break|broke|crash|crashed|not work) => logs {where}",
            "(why|how) (did|has) [my|our|last|latest] (deploy|deployment|release|rollout|build|we) (fail|failed|"
            "break|broke|crash|crashed|not work) <places> => logs {where}",
            "(why|how) (did|has|is) {where} [{where}] (fail|failed|failing|break|broke|broken|down|red|crash|"
            "crashed) => logs {where}",
            "(why is|why was) {it} (failing|failed|broken|red|failure) => logs it",
            "(why is|why was) {number} (failing|failed|broken|red|failure) => logs {number}",
            "what (went wrong|failed|broke|crashed|is wrong|is error|was error|was wrong|is broken|is problem|was "
            "problem) <places> => logs {where}",
            "what <wrong> (with|in|on|for) {number} => logs {number}",
            "what <wrong> (with|in|on|for) {it} => logs it",
            "why (fail|failed|failure|error|red) => logs",
        ),
    ),
    Spec(
        name="copy",
        usage="copy #<id>",
        help="Show the command that asks for the same as a deployment, to be copied.",
        examples=("copy #12",),
        makes=c.CopyCommand,
        read_only=True,
        parse=queries.read_copy,
        show=lambda copy: queries.show_number("copy", copy.deployment),
        phrasings=("copy [me] [command] (of|for) {number} => copy {number}",),
    ),
    Spec(
        name="why",
        usage="why [#<id>|[<app>] [<env>]]",
        help="Show why a deployment waits, was refused or did not go out: what the gates said at the time.",
        examples=("why #12", "why {app} in {environment}", "why"),
        makes=c.Why,
        read_only=True,
        parse=queries.read_why,
        show=queries.show_why,
        phrasings=(
            "why (is|was|has|are|were) {it} [been|being] <stuck> => why it",
            "why (is|was|has) {number} [been|being] <stuck> => why {number}",
            "why (is|was) not {number} (live|deployed|running|done|out|started|finished|deploying) => why {number}",
            "why (is|was) not {it} (live|deployed|running|done|out|started|finished|deploying) => why it",
            "why (is|was) [my|our|last|latest] (deploy|deployment|release|rollout|command) <places> [been|being] "
            "<stuck> => why {where}",
            "why (is|was) {where} [{where}] [being] (refused|rejected|denied|blocked|stuck|waiting|not allowed) => "
            "why {where}",
            "why (did|does|will|can|has|could) not {it} <start> => why it",
            "why (did|does|will|can|has|could) not {number} <start> => why {number}",
            "why (did|does|will|can|has|could) {it} not <start> => why it",
            "why (did|does|will|can|has|could) {number} not <start> => why {number}",
            "why (did|does) {number} (wait|queue|hang) => why {number}",
            "why (did|does) {it} (wait|queue|hang) => why it",
            "why (can|could|may) (i|we|you|it) not deploy <places> => why {where}",
            "why can not (i|we|you) deploy <places> => why {where}",
            "why (did|do|will) (you|it) (refuse|reject|not deploy|not let me|say no) <places> => why {where}",
            "why was i (refused|rejected|denied|stopped|blocked) <places> => why {where}",
            "why is nothing (happening|moving|deployed|running|going on) <places> => why {where}",
            "what (is|are|was) {it} waiting for => why it",
            "what (is|are|was) {number} waiting for => why {number}",
            "what (does|did) {it} wait for => why it",
            "what (does|did) {number} wait for => why {number}",
            "what are we waiting for => why",
            "what <blocks> {number} => why {number}",
            "what <blocks> {it} => why it",
            "what (is blocking|is missing|is in way) => why",
            "(which|what) (gates|checks) (are|is) (closed|missing|open|red|pending) => why",
            "(gates|gates of|gates for|reasons|reasons for|reason for) {number} => why {number}",
            "(is|are) [the] (checks|ci|build|tests|gates) (green|red|passing|done|open|closed|ok) "
            "(on|of|for) {number} => why {number}",
            "who (<permitted>|must|should|has to|needs to|will) (approve|reject) [{it}] => why it",
            "who (<permitted>|must|should|has to|needs to|will) (approve|reject) {number} => why {number}",
            "(gates|reasons|why not) => why",
        ),
    ),
    Spec(
        name="status",
        usage="status [<app>] [<env>]",
        help="Show what is deployed where.",
        examples=("status {app} {environment}", "status"),
        makes=c.Status,
        read_only=True,
        parse=queries.of_place(c.Status),
        show=lambda status: queries.show_place("status", status.app, status.environment),
        phrasings=(
            "(what|which) (is|runs|are|do you have|do we have|did we have|have we|have we got) [running|deployed|"
            "live|up|out|online] <places>",
            "what is (deployed|running|live|up|out|online) where => status",
            "(what|which) (version|commit|branch|release|build|code|tag|ref|versions) (is|are|runs|do we have|have "
            "we|did we deploy|do we run) [running|deployed|live|up|out|active] <places>",
            "(what|which) is (version|commit|branch|release|build|tag|current version) <places>",
            "[current] (version|commit|release) (on|in|of|at) {where} [{where}]",
            "is {where} [{where}] (up|ok|okay|free|busy|available|in use|used|alive|healthy|fine|green|down|broken|"
            "live|up to date)",
            "is (anyone|anybody|someone|somebody) using {where} [{where}]",
            "can (i|we) (use|have|take|get) {where} [{where}]",
            "is ({it}|{ref}) [live|deployed|running|out] (on|in|to|at) {where} => status {where}",
            "how is {where} [{where}] [doing|looking|going]",
            "how (are we|is it|is everything|are things|is that|is deploy|is deployment) [doing|going|looking|coming "
            "along] <places>",
            "(when|how long) (will|is|does|until|till) (it|this|that|deploy|deployment) [be|take|is|until] <ended> "
            "<places>",
            "how (long|far|much longer) [is|will|does|until] [it|that|this|we] [take|is|be] [done|finished|live|"
            "ready|deployed|along] => status",
            "how much time is left => status",
            "(is|has|did|was) (my|our|last|latest|current) <deployment> "
            "(done|finished|finish|over|through|live|out|ended|end|started|start) => status",
            "has (it|this|that|deploy|deployment) (finished|ended|started|gone out|gone live|gone through) => status",
            "where is (my|our) <deployment> => status",
            "(is|are) (everything|all|things|we) (ok|okay|fine|green|good|up|well|alright) => status",
            "what is (latest|newest|current|live) (version|release|commit) <places>",
            "(is|are) (it|that|this|we|deploy|deployment) (done|finished|live|ready|deployed|running|out|through|up|"
            "over|there|ok|okay|complete) => status",
            "(eta|progress|overview|summary|state|situation|dashboard) [of|for|on] <places>",
            "(what is|give me) (eta|progress|state|status|situation) <places>",
            "what is (up|happening|going on|new|where|deployed|running|live|what|cooking) <places>",
            "(where are we|what do we have|are we live) <places>",
            "status of {where} [{where}]",
            "{where} [{where}] (status|state|version)",
            "{where} [{where}] ?",
        ),
    ),
    Spec(
        name="diff",
        usage="diff [<app>] [<env>] [<ref>|<env>]",
        help="Show what a deployment would change.",
        examples=("diff {app} {environment} topic", "diff {environment}"),
        makes=c.Diff,
        read_only=True,
        parse=queries.read_diff,
        show=queries.show_diff,
        phrasings=(
            "what (changed|has changed|is different|would change|will change|is changing|changes|differs) <places> "
            "[since last deploy|since last deployment|since yesterday|lately]",
            "what (is|are) (changes|differences|difference|diff|delta|new) <places> => diff {where}",
            "(changes|changelog|change log|release notes|difference|differences|delta) <places>",
            "what (would|will) [be] (deployed|deploy|ship|shipped|go out|go live|change|be released|released) <places>",
            "what ships <places>",
            "[what is] (difference|differences|diff|changes) between {env} and {env} => diff {env}",
            "(compare|diff) {env} (and|with|to|against|vs) {env} => diff {env}",
            "what is {env} (vs|versus|against|compared to|compared with) {env} => diff {env}",
            "how far (is|are) {env} behind [{env}] => diff {env}",
            "how (different|far apart) are {env} and {env} => diff {env}",
            "is {where} [{where}] (behind|outdated|current|ahead)",
        ),
    ),
    spec.of_app(
        "undeployed",
        c.Undeployed,
        "Show what was merged and is not deployed yet.",
        read_only=True,
        phrasings=(
            "what is not {where} [{where}] => undeployed {app}",
            "what (is|has|was|are) [been] (not deployed|undeployed|unreleased|not released|not live|waiting to be "
            "deployed|merged but not deployed|not out|left to deploy|missing) <places> => undeployed {app}",
            "what (has|have|did) [we] not [been] (deployed|released|shipped|deploy) <places> => undeployed {app}",
            "(unreleased|undeployed|not deployed) (changes|commits|work|prs|pull requests|merges) <places> => "
            "undeployed {app}",
        ),
    ),
    spec.of_app(
        "figures",
        c.Figures,
        "Show how often, how fast and how well is deployed: the figures of the last seven days.",
        aliases=("metrics", "dora"),
        read_only=True,
        phrasings=(
            "how (often|frequently|much|many times) (do|did|have|does|has|are) (we|you|they|{where}) [been] "
            "(deploy|deployed|ship|shipped|release|released|deploying) <places> [today|lately|recently|a week|per "
            "week|this week|last week|these days] => figures {app}",
            "how many (deploys|deployments|releases) <places> [(do|did|have|had) (we|you|they)] [have|had|made|make] "
            "<places> [lately|recently|a week|per week|this week|last week] => figures {app}",
            "how (fast|quickly|good|well|reliably) (do|are|did) we [deploy|deploying|ship|release|delivering|at "
            "deploying] <places> => figures {app}",
            "how (fast|quick|good|well) are we <places> => figures {app}",
            "how long (does|did) it take <places> (from merge to production|to get to production|to ship|until it is "
            "live) => figures {app}",
            "(what is|show|show me|tell me|give me) [our|my] <figure> <places> => figures {app}",
            "(what are|show|show me|tell me|give me) [our|my|the] (figures|metrics|numbers|dora metrics|delivery "
            "figures|delivery metrics|stats|statistics) <places> => figures {app}",
            "[our|my] <figure> <places> => figures {app}",
            "[our|my] (dora metrics|delivery figures|delivery metrics|deployment stats|deploy stats|stats|statistics|"
            "weekly figures) <places> => figures {app}",
            "how (often|many) [of our|of|do our|do|did] (deploys|deployments|releases|changes) (fail|failed|break|"
            "broke) <places> => figures {app}",
            "how (often|frequently) do we (fail|break|roll back) <places> => figures {app}",
        ),
    ),
    spec.of_app(
        "where can I deploy",
        c.WhereCanIDeploy,
        "Show the environments and who may deploy there.",
        aliases=("wcid",),
        read_only=True,
        phrasings=(
            "(where|what) (can|may|could|am|are) (i|we|you) [allowed to] deploy <places> => where can I deploy {app}",
            "(can|may|could) (i|we) deploy <places> => where can I deploy {app}",
            "(am i|are we) (allowed|able|permitted) to deploy <places> => where can I deploy {app}",
            "who <permitted> deploy <places> => where can I deploy {app}",
            "(do i|do we) have (permission|permissions|access|rights) [to deploy] <places> => where can I deploy {app}",
            "[what|which] (environments|envs|targets) [are there|do we have|do you have|exist|are available|can i "
            "deploy to|do you know] <places> => where can I deploy {app}",
            "[what|which] (apps|projects|repos|repositories|services) [are there|do we have|do you have|do you know|"
            "exist] => where can I deploy",
            "where to deploy <places> => where can I deploy {app}",
        ),
    ),
    spec.of_app(
        "schedule",
        c.ShowSchedule,
        "Show the deployments that wait for their moment.",
        read_only=True,
        phrasings=(
            "(what|which) is (scheduled|planned|coming up|on schedule) <places> => schedule {app}",
            "(is|are) [there] [anything|something|deploys|deployments] (scheduled|planned|coming up) <places> => "
            "schedule {app}",
            "(anything|something) (scheduled|planned|coming up) <places> => schedule {app}",
            "(scheduled|planned|upcoming|next) (deploys|deployments|releases|rollouts) <places> => schedule {app}",
            "when is next <deployment> <places> => schedule {app}",
            "(schedules|timetable|calendar|planned) => schedule",
        ),
    ),
    Spec(
        name="unschedule",
        usage="unschedule s<id>",
        help="Take a deployment off the schedule.",
        examples=("unschedule s3",),
        makes=c.Unschedule,
        read_only=False,
        parse=queries.read_unschedule,
        show=lambda unschedule: f"unschedule s{unschedule.entry}",
    ),
)
