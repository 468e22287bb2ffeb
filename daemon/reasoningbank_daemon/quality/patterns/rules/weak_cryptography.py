"""A hash or a cipher that is broken, or a way to use one that is: MD5, SHA-1, DES, RC4, ECB.

As a checksum against accidents MD5 still serves; say so in an `ignore` comment. Python's are ruff's S304, S305 and S324.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_HASHES = r"(?:md[245]|sha-?1|ripemd)"
_JAVA = re.compile(
    rf"MessageDigest\.getInstance\(\s*\"{_HASHES}\"|DigestUtils\.(?:md5|sha1|sha)(?:Hex)?\(|Hashing\.(?:md5|sha1)\("
    r"|Cipher\.getInstance\(\s*\"(?:DES|DESede|RC2|RC4|ARCFOUR|Blowfish)\b|Cipher\.getInstance\(\s*\"[^\"]*/ECB/"
    r"|Cipher\.getInstance\(\s*\"AES\"|new\s+NullCipher\(",
    re.IGNORECASE,
)
_JS = re.compile(
    rf"createH(?:ash|mac)\(\s*['\"`]{_HASHES}['\"`]|createCipher\(|createDecipher\("
    r"|create(?:De)?[cC]ipheriv\(\s*['\"`](?:des|rc2|rc4|bf)\b|create(?:De)?[cC]ipheriv\(\s*['\"`][\w-]*-ecb"
    r"|CryptoJS\.(?:MD5|SHA1|DES|RC4|TripleDES)\b|mode:\s*CryptoJS\.mode\.ECB"
)
_PATTERNS = {
    **dict.fromkeys(JS_FAMILY, _JS),
    Language.JAVA: _JAVA,
    Language.KOTLIN: _JAVA,
    Language.SCALA: _JAVA,
    Language.GO: re.compile(
        r"\b(?:md5|sha1)\.(?:New|Sum)\(|\bdes\.New(?:Triple)?(?:DES)?Cipher\(|\brc4\.NewCipher\("
    ),
    Language.CSHARP: re.compile(
        r"\b(?:MD5|SHA1|DES|RC2|TripleDES|RIPEMD160)(?:CryptoServiceProvider|Managed|Cng)?(?:\.Create)?\(|CipherMode\.ECB\b"
    ),
    Language.PHP: re.compile(
        r"\b(?:openssl_(?:en|de)crypt)\([^;\n]*['\"](?:des|rc4|[\w-]*-ecb)|\bmcrypt_\w+\(|MCRYPT_DES|\bcrypt\(\s*\$\w+\s*\)"
        r"|(?i:\$\w*pass\w*\s*=\s*(?:md5|sha1)\()|(?i:\b(?:md5|sha1)\(\s*\$\w*pass)|\bhash\(\s*['\"](?:md[245]|sha1|crc32)['\"]"
    ),
    Language.RUBY: re.compile(
        r"Digest::(?:MD5|SHA1)\b|OpenSSL::Digest(?:::|\.new\(['\"])(?:MD5|SHA1)\b"
        r"|OpenSSL::Cipher(?:::Cipher)?\.new\(\s*['\"](?i:des|rc4|rc2|bf|[\w-]*-ecb)"
    ),
    Language.RUST: re.compile(r"\b(?:md5::compute|Md5::new|Sha1::new)\("),
    Language.SWIFT: re.compile(
        r"\bCC_MD5\(|\bCC_SHA1\(|Insecure\.(?:MD5|SHA1)\b|kCCAlgorithm(?:DES|3DES|RC4)\b|kCCOptionECBMode"
    ),
    Language.C: re.compile(
        r"\bMD5_Init\(|\bSHA1_Init\(|\bEVP_(?:md5|sha1|des_\w+|rc4)\(|\bDES_\w+_encrypt\(|\bEVP_\w+_ecb\("
    ),
}
_PATTERNS[Language.CPP] = _PATTERNS[Language.C]


def _find(document: Document) -> Iterator[Found]:
    pattern = _PATTERNS[document.language] if document.language else None
    if pattern is not None and not is_test_path(document.path):
        yield from search(document, pattern)


RULE = TextRule(
    rule="weak-cryptography",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="this hash or cipher is broken",
    suggestion="use SHA-256 for a digest, bcrypt or argon2 for passwords, AES-GCM to encrypt",
    find=_find,
    languages=tuple(_PATTERNS),
    fires=(
        (Language.JAVASCRIPT, "crypto.createHash('md5').update(x);\n"),
        (Language.TYPESCRIPT, "createCipheriv('aes-128-ecb', key, null);\n"),
        (Language.JAVA, 'MessageDigest.getInstance("MD5");\n'),
        (Language.KOTLIN, 'Cipher.getInstance("DES/CBC/PKCS5Padding")\n'),
        (Language.GO, "h := md5.New()\n"),
        (Language.CSHARP, "var h = MD5.Create();\n"),
        (Language.PHP, "<?php $password = md5($_POST['p']);\n"),
        (Language.RUBY, "Digest::MD5.hexdigest(password)\n"),
        (Language.RUST, "let d = md5::compute(data);\n"),
        (Language.SWIFT, "let d = Insecure.MD5.hash(data: data)\n"),
        (Language.C, "MD5_Init(&context);\n"),
    ),
    quiet=(
        (Language.JAVASCRIPT, "crypto.createHash('sha256'); // not createHash('md5')\n"),
        (Language.JAVA, 'Cipher.getInstance("AES/GCM/NoPadding");\n'),
        (Language.GO, "h := sha256.New()\n"),
    ),
)
