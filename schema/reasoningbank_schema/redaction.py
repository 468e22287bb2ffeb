"""Remove secrets from text before anything is stored.

One file that needs the standard library alone: the installer copies it for the hook's failure path. It works
on UTF-8 bytes, so lower-casing moves nothing. Formats, limits, measurements: ``docs/redaction.md``.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple


class Rule(NamedTuple):
    """One format: `pattern` is matched where one of the `literals` stands."""

    id: str
    description: str
    literals: tuple[str, ...]
    pattern: str
    folded: bool  # the literals are lower-case words, and case does not matter
    also: str  # the text to look for first, when that is not the literals


class Redaction(NamedTuple):
    """A text without its secrets, and the number of hits by rule id."""

    text: str
    counts: dict[str, int]


# Tokens known by their prefix: id, prefixes, then the alphabet and the least length of what follows. A prefix of
# under six characters counts only at the start of a word.
_PREFIXED = """
adafruit-key aio_ a28; adobe-secret p8e- w32; age-key AGE-SECRET-KEY-1 a50; aiven-password AVNS_ w15; alibaba-key LTAI a16; anthropic-key sk-ant- w20
artifactory-key AKCp,cmVmd a50; atlassian-token ATATT3,ATCTT3 .40; aws-bedrock-key ABSK,bedrock-api-key- b40; aws-mws-key amzn.mws. w36; bitbucket-token ATBB,BBDC- b24
brevo-key xkeysib-,xsmtpsib- w40; buildkite-token bkua_,bkct_ h40; cerebras-key csk- a40; circleci-token CCIPAT_,CCIPRJ_ w20; clojars-token CLOJARS_ a50
cloudflare-origin-key v1.0- w120; cloudflare-token cfk_,cfut_,cfat_ w36; crates-token cio a32; databricks-token dapi h32; datadog-key ddapp_,ddapi_ a30
digitalocean-token dop_v1_,doo_v1_,dor_v1_ h60; docker-token dckr_pat_,dckr_oat_ w20; doppler-token dp.pt.,dp.st.,dp.ct.,dp.sa.,dp.scim.,dp.audit. .40
dropbox-token sl. .60; duffel-token duffel_live_,duffel_test_ .40; dynatrace-token dt0c01.,dt0s16. .60; e2b-key e2b_ h40; easypost-key EZAK,EZTK a50; elevenlabs-key sk_ h40
facebook-token EAAB,EAAC,EAAG,EAAM a80; figma-token figd_,figu_,figo_ w36; fireworks-key fw_ a20; flutterwave-key FLWSECK-,FLWSECK_ w12
flyio-token fm2_,fm1r_,fm1a_,fo1_ b40; github-fine-token github_pat_ w36; github-token ghp_,gho_,ghu_,ghs_,ghr_ .30; gitlab-runner-token GR1348941 w16
gitlab-token glpat-,glptt-,gldt-,glrt-,glrtr-,glcbt-,glft-,glimt-,glagent-,gloas-,glsoat-,glffct-,glwt- .16; google-api-key AIza w30
google-oauth-token ya29.,GOCSPX-,1//0 .20; grafana-key eyJrIjoi b30; grafana-token glc_,glsa_ b32; groq-key gsk_ a40; heroku-key HRKU- w36; honeycomb-key hcaik_,hcxik_ a40
hubspot-token pat-na1-,pat-na2-,pat-eu1- w36; huggingface-token hf_,api_org_ a30; langsmith-key lsv2_pt_,lsv2_sk_ w32; linear-key lin_api_,lin_oauth_,lin_wh_ a30
mailersend-key mlsn. h40; mailgun-key key- h32; mapbox-token sk.eyJ .40; mongodb-atlas-secret mdb_sa_sk_ w30; neon-key napi_ a40; netlify-token nfp_,nfc_,nfo_,nfu_,nfb_ w30
newrelic-key NRAK-,NRAA-,NRII-,NRIQ-,NRRA-,NRJS- w16; notion-token ntn_,secret_ a40; npm-token npm_ a30; nuget-key oy2 a43; nvidia-key nvapi- w40; octopus-key API- a25
onepassword-token ops_eyJ b99; openai-key sk-proj-,sk-svcacct-,sk-admin- w20; openrouter-key sk-or- w20; openshift-token sha256~ w40; perplexity-key pplx- a40
pinecone-key pcsk_ w40; plaid-token access-sandbox-,access-development-,access-production- w36; planetscale-token pscale_tkn_,pscale_pw_,pscale_oauth_ .30
posthog-key phx_,phs_ a30; postman-key PMAK-,PMAT- w24; pulumi-token pul- h40; pypi-token pypi- w40; razorpay-key rzp_live_,rzp_test_ a14; readme-key rdme_ a60
render-key rnd_ a24; replicate-token r8_ w34; rubygems-key rubygems_ h40; sendgrid-key SG. .60; sentry-token sntrys_,sntryu_ b40; shippo-key shippo_live_,shippo_test_ h40
shopify-token shpat_,shpca_,shppa_,shpss_,shpua_ a32; slack-token xoxa-,xoxb-,xoxe-,xoxo-,xoxp-,xoxr-,xoxs-,xapp-,xwfp- w10; sonar-token squ_,sqp_,sqa_ h40
sourcegraph-token sgp_ w40; square-token sq0atp-,sq0csp-,sq0idp-,EAAAE,EAAAl w20; stripe-key sk_live_,sk_test_,sk_prod_,rk_live_,rk_test_,rk_prod_ a10
stripe-webhook-secret whsec_ b20; supabase-key sbp_,sb_secret_ w20; tailscale-key tskey-api-,tskey-auth-,tskey-client-,tskey-scim-,tskey-webhook- w16; tavily-key tvly- w20
together-key tgp_v1_ w30; trello-token ATTA h60; twilio-key SK h32; typeform-token tfp_ .40; vault-token hvs.,hvb.,hvr. w20; vercel-token vcp_,vci_,vca_,vcr_,vck_ a20
xai-key xai- w40
"""
# Tokens of another shape: id | literals | pattern. A group `s` is the secret when it is not the whole match;
# `from` is a look-behind group where it starts. Each literal of a token, here and above, stands in a run of
# at least 15 characters of _RUN: so clean text is told apart. In _WORDED they are words, and case is ignored.
_SHAPED = r"""
airtable-token | pat | @startpat[A-Za-z0-9]{14}\.\h{64}
aws-access-key | AKIA ASIA ABIA ACCA | (?<![A-Z])A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])
aws-secret-key | AKIA ASIA | (?<![A-Z])A[KS]IA[A-Z0-9]{16}[\s\S]{0,120}?(?:(?<![\w/+=])|(?<=\\[nrt]))(?P<s>(?=[A-Z0-9/+]{0,39}[a-z])(?=[a-z0-9/+]{0,39}[A-Z])(?:[A-Za-z0-9+]|\\?/){40})(?![\w/+=])
azure-client-secret | Q~ | (?<=(?P<from>[\w~.]{3}\d))Q~[\w~.-]{31,40}
azure-devops-token | AZDO | (?<=(?P<from>[A-Za-z0-9]{76}))AZDO[A-Za-z0-9]{4}
braintree-token | $production$ $sandbox$ | \$(?:production|sandbox)\$(?P<s>[a-z0-9]{16}\$\h{32})
clickup-token | pk_ | @startpk_\d{4,}_[A-Z0-9]{32}
discord-token | M N O | (?:(?<![\w.-])@edge)[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])
jwt | eyJ | @startruneyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*){0,3}
launchdarkly-key | api- sdk- | @start(?:api|sdk)-\h{8}-\h{4}-4\h{3}-\h{4}-\h{12}
mailchimp-key | -us | (?<=(?P<from>\h{32}))-us\d{1,2}(?!\w)
newrelic-license | NRAL | (?<=(?P<from>\h{36}))NRAL
onepassword-key | A3- | @startA3(?:-[A-Z0-9]{5,11}){5,6}
pagerduty-key | u+ | @startu\+[\w-]{18}(?![\w-])
pgpass | :543 | :543\d:[^:\s\\"\[]{1,63}:[^:\s\\"\[]{1,63}:(?P<s>[^\s\\"]{1,256})
resend-key | re_ | @startre_[A-Za-z0-9]{8,}_[A-Za-z0-9]{20,}
signed-url | sig= X-Amz-Signature= X-Goog-Signature= | (?<![A-Za-z])(?:sig|X-(?:Amz|Goog)-Signature)=(?P<s>(?:[\w%+-]|\\?/){30,}=?)
sk-key | sk- | @startsk-(?=[a-z-]{0,40}[A-Z0-9])(?=[A-Za-z-]{0,80}\d)[\w-]{20,}
telegram-token | AA | (?<=\d{6}:)AA[\w-]{32,34}(?![\w-])
terraform-token | .atlasv1. | (?<=(?P<from>[A-Za-z0-9]{14}))\.atlasv1\.[\w=-]{40,}
url-password | :// :\ | :(?:\\{0,4}/){2}(?:(?P<user>[^\s:/@"'`<>\\\[]{0,128}):(?!\d{1,5}[/?#])(?P<s>[^\s"'`<>\\/?#]{1,256}|[^\s"'`<>\\@]{1,256})@(?=[\w\[$%{(])|(?P<alone>[\w-]{20,255})@)
webhook-url | hooks.slack.com webhook.office.com /webhooks/ | (?:hooks\.slack\.com\\?/(?:services|workflows|triggers)|webhook\.office\.com\\?/webhookb2|/webhooks\\?/\d{15,21})\\?/(?P<s>(?:[\w@-]|\\?/){20,})
"""
_WORDED = r"""
private | private | (?:(?<=<)|(?<=\\u003c))(?-i:private|PRIVATE)(?:\s[^<>]{0,60}?)?(?:>|\\{1,8}u003e)
private-key | private | private(?:-lines:\s*\d+|[ _]key(?: block)? ?-{4,5})
password | pass pwd | @assigned
secret | secret cred | @assigned
token | token | @assigned
key | key private | @assigned
auth | auth | @assigned
cookie | cookie | cookies?@quote?[ \t]*(?::[ \t]*@quote?|(?:[=,]|[ \t])[ \t]*@quote)(?P<s>[\w!#$%&*+.^~-]{1,128}=(?=[^\s="'`\\])[^\r\n"'`\\]{1,4096})
authorization | authorization | @startauthorization@quote?\]?[ \t]*(?:[:=][ \t]*@quote?(?:[a-z][\w-]{2,24}[ \t]+)?|,[ \t]*@quote[a-z][\w-]{2,24}[ \t]+)(?P<s>[^\s"'`\\]{6,8192}(?:[ \t]*,[ \t]*\w+=[^\s"'`\\,]*)*)
bearer-token | bearer | bearer(?:[ \t]+|%20)(?P<s>(?=[\w.~+=/\\-]{8})(?:[\w.~+=-]+|\\?/)+)
basic-auth | basic | basic(?:[ \t]+|%20)(?P<s>(?:[A-Za-z0-9+]|\\?/){6,1024}={0,2})
curl-user | curl | curl\b[^|;]{0,200}?\s-(?:[a-z]*u|-user|-proxy-user)[ =]*@quote?[^\s:"'\\$\[]{1,128}:(?P<s>[^\s"'\\$<{][^\s"'\\]*)
cli-password | mysql login | (?:mysql\w*|login)\b[^|;&\n]{0,200}?[ \t]-p[ \t]*@quote?(?P<s>[^\s"'\\$<{&|;-][^\s"'\\]{2,})
sql-password | identified | identified(?:\s+with\s+\S{1,60})?\s+by\s+(?:password\s+)?\\{0,8}'(?P<s>[^'\\$<{%:?][^'\\]{0,200})
netrc | machine default | (?:machine@blank@field|default)@blanklogin@blank@field@blank(?:account@blank@field@blank)?password@blank(?P<s>@field)
"""
# Parts of patterns. @start is the start of a word, after an escape or a terminal colour too; @word to @value a name
# and what it is given. @placeholder, @path, @name and @code are no secrets, @random ones look generated; @never names
# hold none, @always names nothing else. A group repeats atomically, never possessively: gh-106052, Python < 3.11.5.
_PARTS = r"""
@assigned | @word@sep@line@value
@word | (?P<word>credentials?|passphrase|passcode|passw(?:or)?d|private|secret|token|creds?|pass|auth|key|pwd)(?:[_-]?(?:\d{1,3}|base|data|value|prod|dev|test|live))?(?P<close>@quote|\\{1,8}u0022)?[\])]{0,2}
@sep | (?P<sep>[ \t]*:[ \t]*[\w.\[\]|&' ]{1,40}?[ \t]=(?=[ \t])[ \t]*|(?:[ \t]|\\{1,8}t)*(?::=|=>|[=!]={1,2}|[=:>]|%3[ad]|\\{1,8}u003[de])(?:[ \t]|\\{1,8}t)*|[ \t]+(?:[\w*\[\]]{1,20}[ \t]|value[ \t]*)=[ \t]*|[ \t]*(?:,|\|\||\?\?)[ \t]*|[ \t]+(?:(?:is|was)[ \t:]+|-p[ \t]*)?)
@line | (?P<line>[|>]?[+-]?(?:[ \t]*(?:\r?\n|\\{1,8}r\\{1,8}n|\\{1,8}n))+[ \t]*)?
@value | (?:(?P<call>[A-Za-z_][\w.:]{0,40}\([ \t]*)?[brfu@]{0,2}(?P<open>(?P<one>(?P<deep>\\{1,8})?["'`])(?:(?P=one){2})?|\\{1,8}u002[27])(?P<s>(?>(?:(?!(?P=open)|(?(deep)(?<!\\)"|(?!)))(?>[^\\]|\\{7}.|\\{3}.|\\\\'(?=\w)|\\.)){0,2048}))(?=(?P=open)|"|\Z))?
@lone | (?:pass\w*|pwd|secret)(?-i:: ?(?=[a-z]{6,}(?:[\r\n\\"']|\Z))|=(?=[a-z]{6,}(?:[\s&\\"']|\Z)))
@bare | (?>(?:[^\s"'`<>\\,;&|(){}\[\]]++|@slash)+)
@env | (?>(?:[^\s"'`<>\\]++|@slash)+)
@slash | \\{1,8}(?:/|u002b|u003d)|\\\\(?![nrtu"'])
@startrun | (?:(?<![\w-])@edge)
@start | (?:(?<![A-Za-z0-9])@edge)
@edge | |(?<=\\[nrtfb])|(?<=[\[;]\dm)|(?<=[\[;]\d\dm)|(?<=\\u00[0-9A-Fa-f][0-9A-Fa-f])
@quote | (?:\\{0,8}["'`])
@blank | (?:\s|\\{1,8}[nrt]|\\{0,8}"\s*,\s*\\{0,8}"[+-]?)+
@field | [^\s\\"]{1,128}
@tag | (?:<|\\u003c)(\\?/)?(?-i:private|PRIVATE)(?:\s[^<>]{0,60}?)?(?:>|\\{1,8}u003e)
@begin | -{4,5} ?BEGIN [A-Z0-9 ]{0,40}\Z
@end | -{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}
@body | (?:(?:[\s>|+,;"'-]|\\{1,8}[nrt"'u]|→|(?:Proc-Type|DEK-Info|Version|Comment|Hash):[^\n\\"]{0,99})*(?:[A-Za-z0-9+/=]|\\/){16,})*(?:(?:\s|\\{1,8}[nr])*[A-Za-z0-9+/=]{1,76}(?![\w ]))?
@escape | \\(?:["\\/bfnrt]|u[0-9a-f]{4})
@inside | (?P<inside>[^"\\]*+(?>(?:\\.[^"\\]*+)*))(?P<next>"\s*,\s*"(?![^"\\]*+(?>(?:\\.[^"\\]*+)*)"\s*:))?
@placeholder | [$#@]?\$?\{.*|\$\(.*|\$\w+(?:/.*)?|%\w?|%\(\w+\)\w|%\w+%|<.*|[({\[].*|![A-Za-z]+|[*.xX#_?\\-]+|\.{3}.*|none|null|nil|true|false|undefined|required|optional|unset|empty|default|string|str|text|bytes|number|boolean|object|include|omit|same-origin|values?|.*\*{3}.*|.*%[sd].*|.*(?:\.{3}|…)|(?:your|enter|insert|replace|change|example|dummy|placeholder|fake|todo|hidden|masked)(?:[_ .-].*|me)?
@weak | ,|\|\||\?\?|[=!]={1,2}
@trivial | .{0,3}|[-,}\]:;)\s].*|\\{1,8}[nr].*
@mixed | (?=.*\d)(?=.*[a-z]).*
@name | (?:[a-z]+[_.-])*@kind(?:[_.-][a-z]+)*\d?|(?:[a-z]+ )*(?:password|passphrase|secret|token|key|credential)s?(?: [a-z]+)*|(?-i:[\w.>-]*[a-z](?:Password|Secret|Token|Key)s?(?:[A-Z][a-z]+)*)
@kind | (?:passwords?|passwd|passphrase|pass|pwd|secrets?|tokens?|keys?|apikey|credentials?|auth)
@path | (?:~|\.{0,2})/[\w./ -]*|[a-z]:\\.*|[\w+.-]+://.*|[\w./-]*\.(?:pem|key|json|ya?ml|txt|crt|pub|env)
@code | [a-z_$][\w$]*(?:(?:\.|->|::|\?\.)[a-z_$][\w$]*)+!?|[a-z_]+|[uif]\d+|\w*(?:int|bytes|array)\d*
@random | (?!.{8}-)(?!(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})\Z)(?=[\w.~+/=:-]{16,}\Z)(?:.*[-_./:~])?(?=[^-_./:~]*\d)(?=[^-_./:~]*[a-z])[^-_./:~]{12,}(?:[-_./:~].*)?|(?-i:(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/=]{32,})
@never | .*public[_.$-]*key[_.$-]*token|.*(?:public|pub|primary|foreign|sort|partition|cache|hash|index)[_.$-]*key|(?-i:.*(?:(?<!ss)[a-z]pass|[A-Z]PASS))
@always | .*(?:(?:api|access|secret|private|auth|encrypt(?:ion)?|sign(?:ing)?|master|account|client|service|app(?:lication)?|admin|webhook|jwt|hmac|license|storage|subscription|deploy|ssh|rsa|aes|crypt|consumer)[_.$-]*key|(?:access|auth|api|refresh|bearer|bot|secret|session|deploy|personal|private|id|user)[_.$-]*token|passw(?:or)?d|pass(?:phrase|code)|\wpass|(?<![a-z])pass|pwd|secret|(?<![a-z0-9])creds?|credentials?|(?-i:TOKEN))
\h | [0-9a-f]
"""
_ALPHABETS = {"a": "[A-Za-z0-9]", "h": r"\h", "w": r"[\w-]", ".": r"[\w.=-]", "b": r"(?:[\w+=-]|\\?/)"}
_ALSO = {"netrc": "pass", "pgpass": ":543", "sql-password": "@", "url-password": "@"}


def _rules() -> Iterator[Rule]:
    for entry in _PREFIXED.strip().replace("\n", ";").split(";"):
        name, prefixes, rest = entry.split()
        literals = prefixes.split(",")
        edge = "@start" if len(min(literals, key=len)) < 6 else ""
        pattern = f"{edge}(?:{'|'.join(map(re.escape, literals))}){_ALPHABETS[rest[0]]}{{{rest[1:]},}}"
        yield Rule(name, f"starts with {prefixes}", tuple(literals), pattern, folded=False, also="")
    for table in (_SHAPED, _WORDED):
        for row in table.strip().splitlines():
            name, words, pattern = row.split(" | ")
            literal, also = tuple(words.split()), _ALSO.get(name, "")
            yield Rule(name, f"found by {words}", literal, pattern, folded=table is _WORDED, also=also)


_EXPANSIONS = dict(row.split(" | ", 1) for row in _PARTS.strip().splitlines())


def _full(pattern: str) -> str:
    for short, part in _EXPANSIONS.items():
        pattern = pattern.replace(short, part)
    return pattern


RULES: tuple[Rule, ...] = tuple(rule._replace(pattern=_full(rule.pattern)) for rule in _rules())

# The sieve. A token's prefix is looked for in long runs only (- . = read as _): by the three characters before
# its first _, or, as the words are in the whole text, by its rarest character.
_WORD = bytes(c for c in range(128) if chr(c).isalnum()) + b"_$"
_RUN = bytes(95 if c in b"-.=_" else c if c in _WORD + b"+/~%" else 32 for c in range(256))
_IN_RUN = bytes(32 if c == 32 else 97 for c in _RUN)
_GLUED = " ntrfbm/+~$%0123456789abcdefABCDEF"  # what may stand before a prefix of two characters
_COMMON = "/_0123456789etaoinsrhldcumfgpwybvkxjqz"  # the most frequent first; others are rarer still
_AFTER = {"_us": r"(?=\d)", "AA": r"(?=\w{32})", "SK": r"(?=[0-9a-f]{32})", "pat": r"(?=\w{14}_)"}
_AFTER |= dict.fromkeys("MNO", r"(?=\w{23,27}_\w{6}_\w{27})")
_Known = dict[bytes, list[tuple[bytes, int]]]  # what was met -> the text it is part of, a position in RULES


def _anchored(gates: list[tuple[str, int]]) -> tuple[re.Pattern[bytes], _Known]:
    """Return a pattern that meets each text from its rarest character on, and whose text that is."""
    rare: dict[str, list[str]] = {}
    known: _Known = {}
    for text, order in gates:
        at = max(range(len(text)), key=lambda i: _COMMON.find(text[i]) % 99)
        behind = f"(?<={re.escape(text[: at + 1])})" if at else ""
        rest = behind + re.escape(text[at + 1 :]) + _AFTER.get(text, "")
        rare.setdefault(re.escape(text[at]), []).append(rest)
        known.setdefault(text[at:].encode(), []).append((b"", order))
    groups = [f"{first}(?:{'|'.join(sorted(set(rest), reverse=True))})" for first, rest in rare.items()]
    return re.compile("|".join(sorted(groups, reverse=True)).encode()), known


@cache
def _sieve() -> tuple[_Known, re.Pattern[bytes], _Known, re.Pattern[bytes], _Known]:
    ends: _Known = {}
    anchored: dict[bool, list[tuple[str, int]]] = {False: [], True: []}
    for order, rule in enumerate(RULES):
        worded = rule.folded or bool(rule.also)
        for literal in [rule.also] if rule.also else rule.literals:
            text = literal if worded else literal.encode().translate(_RUN).decode()
            cut = -1 if worded else text.find("_", 2)
            for before in () if cut < 0 else ("",) if cut > 2 else ("", *_GLUED):
                end = before + text[max(0, cut - 3) : cut]
                ends.setdefault(end.encode(), []).append((text.encode(), order))
            anchored[worded] += [(text, order)] if cut < 0 else []
    return ends, *_anchored(anchored[False]), *_anchored(anchored[True])


def _candidates(data: bytes, low: bytes) -> list[int]:
    """Return the positions in RULES of the rules that can match, in order."""
    ends, rare, starts, word, words = _sieve()
    spread, long, runs, end = data.translate(_IN_RUN) + b" ", b"a" * 15, [], 0
    while (start := spread.find(long, end)) >= 0:
        end = spread.find(b" ", start)
        run = data[start:end]
        if len(run) != 36 or run[8] != 45 or run[23] != 45:  # a UUID is no token
            runs.append(run)
    joined = b" ".join(runs).translate(_RUN)
    seen = [ends[end] for end in {part[-3:] for part in set(joined.split(b"_"))} if end in ends]
    seen += [starts[start] for start in rare.findall(joined)]
    seen += [words[met] for met in word.findall(low)]
    return sorted({order for known in seen for text, order in known if text in joined})


_Hit = tuple[int, int, int, bytes]  # start, end, the rule's position in RULES, the quotes its marker needs
_Found = tuple[int, int, bytes] | None
_MARK = b"[redacted:"


@cache
def _compiled(pattern: str, *, folded: bool = True) -> re.Pattern[bytes]:
    return re.compile(_full(pattern).encode(), re.DOTALL | (re.IGNORECASE if folded else 0))


def _is(kind: str, value: bytes) -> bool:
    return len(value) < 513 and _compiled(kind).fullmatch(value) is not None


def _hits(order: int, data: bytes, low: bytes) -> Iterator[_Hit]:
    rule = RULES[order]
    pattern, refine = _compiled(rule.pattern, folded=rule.folded), _REFINE.get(rule.id, _as_matched)
    haystack = low if rule.folded else data
    for literal in rule.literals:
        at = haystack.find(literal.encode())
        while at >= 0:
            match = pattern.match(data, at)
            found = refine(data, match) if match else None
            at += 1
            if found:
                start, end, quotes = found
                end = max(stop for _, stop in _inside_strings(data, start, end)) if _is_json(data) else end
                yield start, end, order, quotes
                at = max(at, end)
            at = haystack.find(literal.encode(), at)


def _as_matched(data: bytes, match: re.Match[bytes]) -> _Found:
    groups = match.groupdict()
    start = match.start("s" if "s" in groups else "from" if groups.get("from") else 0)
    end = match.end("s" if "s" in groups else 0)
    return None if _MARK in data[start:end] else (start, end, b"")


def _private_block(data: bytes, match: re.Match[bytes]) -> _Found:
    start, depth = match.start() - (1 if data[match.start() - 1] == ord("<") else 6), 1
    for tag in _compiled("@tag").finditer(data, match.end()):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return start, tag.end(), b""
    return start, len(data), b""


def _private_key(data: bytes, match: re.Match[bytes]) -> _Found:
    limit = match.end() + 32768  # no private key is longer
    begin = _compiled("@begin").search(data, max(0, match.start() - 64), match.start())
    if not begin and match[0].endswith(b"-"):
        return None
    following = data.find(b"BEGIN ", match.end(), limit) % (limit + 1)  # -1 becomes the limit
    body = begin and _compiled("@end").search(data, match.end() + 40, following)
    body = body or _compiled("@body").match(data, match.end(), limit)
    return (begin.start() if begin else match.end(), body.end(), b"") if body and body[0] else None


def _is_basic(value: bytes) -> bool:
    try:
        plain = binascii.a2b_base64(value.replace(b"\\", b"") + b"==")
    except binascii.Error:
        return False
    return b":" in plain and plain.isascii() and plain.decode().isprintable()


def _level(name: bytes) -> int:
    """Return how sure a name is to hold a secret: 0 never, 1 if it looks random, 2 if mixed, 3 any value."""
    if _is("@never", name):
        return 0
    if _is("@always", name):
        return 3
    return 2 if name.isupper() or name.lower().endswith((b"token", b"pass")) else 1


def _assigned(data: bytes, match: re.Match[bytes]) -> _Found:
    at = match.start()
    head = data[max(0, at - 64) : at]
    head = head[len(head.rstrip(_WORD + b".-")) :]
    before = data[max(0, at - len(head) - len(_MARK)) : at - len(head)]
    if _compiled(r"\[redacted:[a-z\d-]+\]").match(data, at - len(head) - len(before)):
        return None
    if before.endswith(b"\\") and head[:1] in (b"n", b"r", b"t"):
        head = head[1:]
    name, sep = head.lstrip(b"-.$") + match["word"], match["sep"].strip().lower() or b" "
    if head.startswith(b"-") or sep == b"-p" or (sep == b" " and before.endswith((b"ENV ", b"ARG "))):
        sep = b"--"  # given for sure
    if match["open"]:
        good = _is_quoted_secret(match, sep, _level(name))
        return (*match.span("s"), b"") if good and _MARK not in match["s"] else None
    bare = _compiled("@env" if name.isupper() and match["sep"] == b"=" else "@bare")
    value = bare.match(data, match.end(), match.end() + 256)
    if not value or _MARK in value[0] or not _is_bare_secret(match, sep, name, value):
        return None
    rest = bare.match(data, value.end())
    return match.end(), (rest or value).end(), match["close"] or b""


def _is_quoted_secret(match: re.Match[bytes], sep: bytes, level: int) -> bool:
    value, word = match["s"].rstrip(b" :"), match["word"].lower()
    if not level or _is("@trivial|@placeholder|@path|@name", value):
        return False
    if level == 1 or match["line"] or (sep == b" " and not word.startswith(b"passw")):
        return _is("@random", value) or (word == b"auth" and _is_basic(value))
    if re.search(rb"\s|\\{1,8}[nrt]", value) or match["open"][-1:] == b"`":
        return word.startswith((b"pass", b"pw")) and sep in (b"=", b":", b"is") and match["open"][-1:] != b"`"
    if level == 2 or match["call"] or _is("@weak", sep):
        return len(value) > 7 and _is("@mixed", value)
    return True


def _is_bare_secret(match: re.Match[bytes], sep: bytes, name: bytes, seen: re.Match[bytes]) -> bool:
    value, level, tail = seen[0].rstrip(b":.!?"), _level(name), seen.string[seen.end() : seen.end() + 1]
    plain, word = match["sep"].strip(), match["word"].lower()
    below = (match["line"] or b"|")[:1] not in b"|>"  # on the next line, and not as a YAML block
    code = _is("@weak", plain) or tail in (b"(", b"[", b"{") or (plain == b">" and tail != b"<")
    if code or not level or value.lower() == word or _is("@placeholder|@path", value):
        return False
    yaml = level == 3 and sep == b":" and (tail != b" " or not value.isalpha()) and not below
    sure = sep == b"--" or (name.isupper() and (match["sep"] == b"=" or yaml))
    if sure and level > 1 and not match["close"]:  # what stands bare after a quoted name is code
        return len(value) > 3 and not value.startswith(b"-")
    if level == 1 or below or not plain:
        return _is("@random", value)
    secret = level == 3 and word.startswith((b"pass", b"pw", b"se"))
    if secret and not _is("@name", value) and _compiled("@lone").match(seen.string, match.start()):
        return True
    odd = _is("@mixed", value) or (secret and re.search(rb"\d|[^\w.-]", value))
    plausible = _is("@random", value) or not _is("@code|@name", value)
    return bool(odd) and len(value) > (4 if level == 3 else 7) and plausible


def _header(data: bytes, match: re.Match[bytes]) -> _Found:
    value, basic = match["s"], match[0][:2].lower() == b"ba"
    good = (len(value) > 24 or _is("@mixed", value)) and not _is("@placeholder|@code|@name|.*[(].*", value)
    return _as_matched(data, match) if (good and not basic) or _is_basic(value) else None


def _url(data: bytes, match: re.Match[bytes]) -> _Found:
    user, last = ("user", "s") if match["alone"] is None else ("alone", "alone")
    if _is("@mixed", match[user]) and len(match[user]) > 19:
        return match.start(user), match.end(last), b""
    return None if last == "alone" or _is("@placeholder", match["s"]) else _as_matched(data, match)


_REFINE: dict[str, Callable[[bytes, re.Match[bytes]], _Found]] = {"private": _private_block}
_REFINE |= {"private-key": _private_key, "url-password": _url}
_REFINE |= dict.fromkeys(("authorization", "bearer-token", "basic-auth"), _header)
_REFINE |= dict.fromkeys(("password", "secret", "token", "key", "auth"), _assigned)


def _inside_strings(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a span that lie inside the strings of one JSON array, or inside the one string."""
    for part in _compiled("@inside").finditer(data, start, end):
        yield part.span("inside")
        if not part["next"]:
            return


def _merged(data: bytes, hits: list[_Hit]) -> list[_Hit]:
    """Return the hits in order, those that overlap as one; no escape sequence or character is cut."""
    merged: list[_Hit] = []
    for begin, stop, order, quotes in sorted(hits):
        slash = data.rfind(b"\\", max(0, begin - 5), begin)
        before = data[max(0, slash - 64) : max(0, slash)]
        odd = slash >= 0 and (len(before) - len(before.rstrip(b"\\"))) % 2 == 0
        escape = _compiled("@escape").match(data, slash) if odd else None
        start = max(begin, escape.end()) if escape else begin
        end = next((i for i in range(stop, len(data)) if data[i] & 0xC0 != 0x80), len(data))
        if merged and start < merged[-1][1]:
            start, last, above, quotes = merged.pop()  # noqa: PLW2901 - the two become one
            end, order = max(end, last), min(order, above)  # noqa: PLW2901
        merged.append((start, end, order, quotes))
    return merged


def _is_json(data: bytes) -> bool:
    return data[:64].lstrip()[:1] in b'{["' and data[-64:].rstrip()[-1:] in b'}]"'


def _redacted(data: bytes) -> tuple[bytes, dict[str, int]]:
    counts: dict[str, int] = {}
    for _ in range(8):  # a marker can set free what was glued to the secret: again until nothing is found
        low = data.lower()
        orders = _candidates(data, low)
        hits = [hit for order in orders for hit in _hits(order, data, low)]
        if not hits:
            break
        parts, done, is_json = [], 0, _is_json(data)
        for start, end, order, quotes in _merged(data, hits):
            name = RULES[order].id
            counts[name] = counts.get(name, 0) + 1
            for begin, stop in _inside_strings(data, start, end) if is_json else ((start, end),):
                marker = quotes + _MARK + name.encode() + b"]" + quotes
                parts += [data[done:begin], marker if stop > begin else b""]
                done = stop
        data = b"".join([*parts, data[done:]])
    return data, counts


def redact(text: str) -> Redaction:
    """Return `text` with each secret replaced by a marker such as ``[redacted:github-token]``.

    Any text is taken, JSON-escaped or not. Doing it again changes nothing; work is linear in the length.
    """
    data, counts = _redacted(text.encode("utf-8", "surrogatepass"))
    return Redaction(data.decode("utf-8", "surrogatepass") if counts else text, counts)


def redact_bytes(payload: bytes) -> tuple[bytes, int]:
    """Return `payload` without its secrets, and how many there were; valid JSON stays valid JSON."""
    data, counts = _redacted(payload)
    return data, sum(counts.values())


def cap_text(text: str, limit_chars: int) -> str:
    """Return `text`, or `limit_chars` characters of its head and tail around a marker that counts the rest."""
    room = limit_chars - len(f"… [{len(text)} characters cut] …")
    if len(text) <= limit_chars or room < 2:
        return text[: max(0, limit_chars)]
    return f"{text[: room - room // 2]}… [{len(text) - room} characters cut] …{text[-(room // 2) :]}"
