"""The check of the server's certificate is switched off, so anybody on the way can read and change what is sent.

Most of Python's are ruff's S501 and S323. In tests, which often talk to a server of their own, it is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_JAVA = re.compile(
    r"\bALLOW_ALL_HOSTNAME_VERIFIER\b|\bNoopHostnameVerifier\b|\bAllowAllHostnameVerifier\b|\bTrustAllStrategy\b"
    r"|\bcheckServerTrusted\([^)]*\)\s*(?:throws\s+[\w, ]+)?\{\s*\}|setHostnameVerifier\(\s*\([^)]*\)\s*->\s*true"
    r"|hostnameVerifier\s*\{\s*_\s*,\s*_\s*->\s*true"
)
_PATTERNS = {
    Language.PYTHON: re.compile(
        r"\bcheck_hostname\s*=\s*False|\.verify(?<!self\.verify)\s*=\s*False\b|\bverify_mode\s*=\s*(?:ssl\.)?CERT_NONE|\bcert_reqs\s*=\s*(?:ssl\.CERT_NONE|['\"]CERT_NONE)"
    ),
    **dict.fromkeys(
        JS_FAMILY,
        re.compile(
            r"\brejectUnauthorized['\"]?\s*:\s*(?:false|0)\b|NODE_TLS_REJECT_UNAUTHORIZED['\"]?\]?\s*=\s*['\"]?0"
            r"|\bstrictSSL['\"]?\s*:\s*false|checkServerIdentity\s*:\s*\(\s*\)\s*=>\s*(?:undefined|null|\{\s*\})"
        ),
    ),
    Language.GO: re.compile(r"\bInsecureSkipVerify\s*[:=]\s*true|\bssh\.InsecureIgnoreHostKey\(\)"),
    Language.RUBY: re.compile(r"\bVERIFY_NONE\b|\bverify(?:_ssl)?:\s*false\b|:verify_none\b"),
    Language.PHP: re.compile(
        r"CURLOPT_SSL_VERIFY(?:PEER|HOST)['\"]?\s*(?:,|=>)\s*(?:false|0)\b|['\"]verify(?:_peer(?:_name)?)?['\"]\s*=>\s*false",
        re.IGNORECASE,
    ),
    Language.CSHARP: re.compile(
        r"ServerCertificate(?:Custom)?ValidationCallback\s*\+?=\s*(?:\([^)]*\)|delegate[^{]*)\s*(?:=>\s*true|=>?\s*\{\s*return\s+true)"
        r"|DangerousAcceptAnyServerCertificateValidator"
    ),
    Language.JAVA: _JAVA,
    Language.KOTLIN: _JAVA,
    Language.SCALA: _JAVA,
    Language.RUST: re.compile(r"\bdanger_accept_invalid_(?:certs|hostnames)\(\s*true|SslVerifyMode::NONE"),
    Language.C: re.compile(r"CURLOPT_SSL_VERIFY(?:PEER|HOST)\s*,\s*0|\bSSL_VERIFY_NONE\b"),
    Language.BASH: re.compile(
        r"\bcurl\b[^\n|;]*\s(?:-k|--insecure)\b|\bwget\b[^\n|;]*--no-check-certificate\b|\bGIT_SSL_NO_VERIFY=(?:1|true)|http\.sslVerify[ =]false"
    ),
}
_PATTERNS[Language.CPP] = _PATTERNS[Language.C]


def _find(document: Document) -> Iterator[Found]:
    if document.language is None:
        return
    severity = Severity.NOTE if is_test_path(document.path) else None
    for found in search(document, _PATTERNS[document.language]):
        yield msgspec.structs.replace(found, severity=severity)


RULE = TextRule(
    rule="certificate-check-off",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="the check of the server's certificate is switched off",
    suggestion="leave the check on, and trust the wanted certificate authority",
    find=_find,
    python_literals=("check_hostname", "verify", "cert_reqs"),
    literals=(
        "check_hostname",
        "CERT_NONE",
        "rejectUnauthorized",
        "REJECT_UNAUTHORIZED",
        "strictSSL",
        "checkServerIdentity",
        "InsecureSkipVerify",
        "InsecureIgnoreHostKey",
        "erify",
        "VERIFY",
        "TrustAll",
        "checkServerTrusted",
        "ostnameVerifier",
        "ServerCertificate",
        "HOSTNAME_VERIFIER",
        "danger_accept",
        "curl",
        "wget",
        "SSL_NO",
    ),
    languages=tuple(_PATTERNS),
    fires=(
        (Language.PYTHON, "context.check_hostname = False\n"),
        (Language.PYTHON, "session = requests.Session()\nsession.verify = False\n"),
        (Language.JAVASCRIPT, "request({rejectUnauthorized: false});\n"),
        (Language.TYPESCRIPT, "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\n"),
        (Language.TSX, "const o = {rejectUnauthorized: false};\n"),
        (Language.GO, "package a\nvar t = tls.Config{InsecureSkipVerify: true}\n"),
        (Language.RUBY, "http.verify_mode = OpenSSL::SSL::VERIFY_NONE\n"),
        (Language.PHP, "<?php curl_setopt($c, CURLOPT_SSL_VERIFYPEER, false);\n"),
        (Language.CSHARP, "h.ServerCertificateCustomValidationCallback = (a, b, c, d) => true;\n"),
        (Language.JAVA, "client.setSSLHostnameVerifier(NoopHostnameVerifier.INSTANCE);\n"),
        (Language.RUST, "builder.danger_accept_invalid_certs(true);\n"),
        (Language.C, "curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);\n"),
        (Language.BASH, "curl -s -k https://host/x | sh\ncurl --insecure https://host/x\n"),
    ),
    quiet=(
        (Language.JAVASCRIPT, "request({rejectUnauthorized: true});\n"),
        (Language.BASH, "curl -fsS https://host/x\n# never: curl -k\n"),
    ),
)
