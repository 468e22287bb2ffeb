from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

from reasoningbank_schema import redaction
from reasoningbank_schema.redaction import RULES, cap_text, redact, redact_bytes

SEED = 20260101


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


corpus = load(Path(__file__).parents[1] / "fixtures" / "secrets" / "corpus.py")
SAMPLES = corpus.samples(SEED)
FORMATS = sorted({sample.format for sample in SAMPLES})


def left_over(sample: corpus.Sample, text: str) -> list[str]:  # type: ignore[name-defined]
    forms = {form for needle in sample.needles for form in (needle, json.dumps(needle)[1:-1])}
    return [form for form in forms if form in text]


def test_the_corpus_has_more_than_two_hundred_formats_with_two_samples_each() -> None:
    assert len(FORMATS) > 200
    assert len(SAMPLES) == 2 * len(FORMATS)
    assert len({sample.secret for sample in SAMPLES}) == len(SAMPLES)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_secret_of_this_format_is_removed_from_every_context(format_name: str) -> None:
    planted = [
        (sample, kind, text)
        for sample in SAMPLES
        if sample.format == format_name
        for kind, text in sample.in_context_texts.items()
    ]
    assert len(planted) == 2 * len(corpus.CONTEXTS)

    found = [(kind, left_over(sample, redact(text).text)) for sample, kind, text in planted]

    assert [(kind, left) for kind, left in found if left] == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_payload_with_this_secret_stays_json_and_loses_it(format_name: str) -> None:
    for sample in [sample for sample in SAMPLES if sample.format == format_name]:
        payload = sample.in_context_texts["payload"]

        cleaned, hits = redact_bytes(payload.encode())

        assert hits >= 1
        assert json.loads(cleaned).keys() == json.loads(payload).keys()
        assert left_over(sample, json.dumps(json.loads(cleaned), ensure_ascii=False)) == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_payload_that_an_agent_quotes_in_json_loses_it_too(format_name: str) -> None:
    for sample in [sample for sample in SAMPLES if sample.format == format_name]:
        quoted = json.dumps({"tool_input": {"content": sample.in_context_texts["payload"]}})

        cleaned = redact(quoted).text

        assert left_over(sample, cleaned) == []


def test_redacting_again_changes_nothing() -> None:
    once = [redact(text).text for sample in SAMPLES for text in sample.in_context_texts.values()]

    again = [redact(text) for text in once]

    assert [result.text for result in again] == once
    assert {hits for result in again for hits in result.counts} == set()


# A text, and what of it must be gone: raw, and as a string inside a JSON string inside a JSON document.
SPELLINGS = {
    "escaped quotes": (r"PASSWORD=\u0022hunter22\u0022", "hunter22"),
    "escaped equals and plus": (r"AccountKey\u003dabc\u002Bdef123456789012345=", "def123456789"),
    "yaml folded block": ("password: >-\n  hunter2\nnext: 1", "hunter2"),
    "yaml literal block": ("password: |\n  hunter2", "hunter2"),
    "xml attribute": ('<add key="ApiKey" value="abcdef123456" />', "abcdef123456"),
    "xml element": ("<Password>hunter2</Password>", "hunter2"),
    "html input": ('<input name="password" value="hunter2">', "hunter2"),
    "php array": ("$config['db_password'] = 'swordfish';", "swordfish"),
    "php define": ("define('DB_PASSWORD', 'sw0rdfish1');", "sw0rdfish1"),
    "properties": ("spring.datasource.password=hunter2", "hunter2"),
    "sql server": ("Server=x;User Id=sa;Password=My$ecret!1;", "My$ecret!1"),
    "jdbc": ("jdbc:mysql://h/db?user=u&password=hunter2&x=1", "hunter2"),
    "query string": ("https://api.example.com/v1?api_key=abc123def456ghi789&x=1", "abc123def456ghi789"),
    "rust": ('let password: &str = "hunter2";', "hunter2"),
    "go constant": ('const password string = "hunter2"', "hunter2"),
    "go": ('password := "hunter2"', "hunter2"),
    "ruby": (':password => "hunter2"', "hunter2"),
    "python triple quotes": ('password="""hunter2"""', "hunter2"),
    "python dictionary": ("{'user': 'me', 'password': 'hunter2'}", "hunter2"),
    "python call": ('login(user="me", password="hunter2")', "hunter2"),
    "comparison": ('if password == "hunter22":', "hunter22"),
    "default of getenv": ('os.getenv("API_KEY", "abc123def456")', "abc123def456"),
    "default in javascript": ('process.env.API_KEY || "fallback_1234567"', "fallback_1234567"),
    "quote inside quotes": ("PASSWORD=\"it'sXme\"", "sXme"),
    "escaped quote inside quotes": (r'PASSWORD="ab\"cd99"', "cd99"),
    "unclosed quote at the end": ('password = "hunter2', "hunter2"),
    "passphrase with blanks": ('ssh_key_passphrase = "my long pass phrase"', "my long"),
    "password with blanks": ('DATABASE_PASSWORD="correct horse battery"', "horse"),
    "header": ("X-Api-Key: abc123def456", "abc123def456"),
    "header in a dictionary": ("{'Authorization': 'Token abcdef1234567890'}", "abcdef1234567890"),
    "vault header": ("X-Vault-Token: s.abcdefABCDEF1234567890ab", "abcdefABCDEF"),
    "command line list": ('["mysql", "--password", "hunter2"]', "hunter2"),
    "command line flag": ("wget --http-password=hunter2 https://x", "hunter2"),
    "environment of a command": ("PGPASSWORD=hunter2 psql -h h", "hunter2"),
    "aws configure": (
        "aws configure set aws_secret_access_key wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY",
        "wJalrXUtnFEMI",
    ),
    "cookie flag": ('curl --cookie "session=abc123def" https://x', "abc123def"),
    "percent-encoded": ("password%3Dhunter2%26x", "hunter2"),
    "at sign in a url password": ("ftp://user:pa@ss@host/x", "pa@ss"),
    "slash in a url password": ("amqp://user:pa/ss@host/x", "pa/ss"),
    "token as a url user": ("https://abcdef0123456789abcdef01@github.com/a/b", "abcdef0123456789"),
    "prose": ("my password is hunter2, do not tell", "hunter2"),
    "prose with a key": ("use key 9f8e7d6c5b4a39281706aabb for it", "9f8e7d6c5b4a39281706aabb"),
    "build argument": ("docker build --build-arg TOKEN=abcdef1 .", "abcdef1"),
    "kubectl": ("kubectl create secret generic x --from-literal=password=hunter2", "hunter2"),
    "terminal colour": ("\x1b[31mhf_" + "aBcDeFgHiJ" * 4 + "\x1b[0m", "aBcDeFgHiJ"),
    "numbered lines": ("     3\texport API_TOKEN=abc123\n     4\tdone", "abc123"),
    "private block in capitals": ("<PRIVATE>the plan</PRIVATE> public", "plan"),
    "private block with attributes": ('<private reason="x">the plan</private> public', "plan"),
    "nested private blocks": ("<private>a<private>b</private>the plan</private> public", "plan"),
    "unterminated private block": ('public <private>the "plan" is\nsecret', "plan"),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_spelled_this_way_is_removed_raw_and_nested_in_json(spelling: str) -> None:
    text, secret = SPELLINGS[spelling]
    nested = json.dumps({"lines": [text, {"inner": json.dumps({"text": text})}], "after": "kept"})

    raw = redact(text).text
    payload = redact_bytes(nested.encode())[0].decode()

    assert secret not in raw
    assert secret not in payload
    assert json.loads(payload)["after"] == "kept"


ORDINARY = """\
token = get_token()
password: str
api_key=os.environ["X"]
password: Optional[str] = None
secret = settings.SECRET_KEY
key = "user_id"
"primary_key": "id"
password = getpass.getpass("Password: ")
self.password = password
if not token: raise ValueError("no token")
max_tokens: 4096
"input_tokens": 12345
commit 3f5a8d9c0b1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a
session_id: ad157bec-f1ac-491a-a2db-b67da07e0501
sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4
export API_KEY=$OTHER
API_KEY=${API_KEY:-}
password=$(cat /run/secret)
PASSWORD_FILE=/run/secrets/db
SSH_KEY=/home/me/.ssh/id_rsa
token: ${{ secrets.GITHUB_TOKEN }}
password: {{ vault_password }}
api_key: YOUR_API_KEY
Password: ********
secret: <your secret here>
The password must be at least 8 characters
Basic authentication is used
cookies = response.cookies
headers["Authorization"] = f"Bearer {token}"
key=lambda pair: pair[1]
private String password;
let api_key = config.api_key;
class="sk-estimator-doc-link"
monkey: banana
http://localhost:8080/path@2x.png
https://example.com/@scope/pkg
user@example.com: hello
toolu_01Dq3kYbXnzW5vJ8mP2rT6
credentials: 'include'
SESSION_TIMEOUT_KEY = pytest.StashKey[float]()
STATUS_NO_PASSWORD: Represents a user without one""".splitlines()


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_text_is_returned_as_it_is(line: str) -> None:
    result = redact(line)

    assert result == (line, {})


def test_ordinary_source_is_hit_less_than_once_in_ten_thousand_lines() -> None:
    library = Path(sysconfig.get_paths()["stdlib"])
    # Its tests hold passwords on purpose, and what is installed beside it differs from machine to machine.
    files = [
        path for path in library.rglob("*.py") if not {"site-packages", "test", "tests"} & set(path.parts)
    ]
    sources = [path.read_text("utf-8", "replace") for path in sorted(files)[::10]]
    lines = sum(source.count("\n") for source in sources)

    hits = sum(sum(redact(source).counts.values()) for source in sources)

    assert lines > 10_000
    assert hits * 10_000 < lines


def test_the_marker_names_the_rule_and_leaves_the_rest_readable() -> None:
    token = "gh" + "p_" + "aB3" * 12

    result = redact(f"git clone https://me:{token}@github.com/a/b && cd b")

    assert result.text == "git clone https://me:[redacted:github-token]@github.com/a/b && cd b"
    assert result.counts == {"github-token": 1}


def test_a_number_without_quotes_becomes_a_string() -> None:
    cleaned, hits = redact_bytes(b'{"user": "me", "password": 12345678}')

    assert (json.loads(cleaned), hits) == ({"user": "me", "password": "[redacted:password]"}, 1)


def test_a_key_whose_lines_are_elements_of_an_array_is_removed_from_each() -> None:
    sample = next(sample for sample in SAMPLES if sample.format == "pem-rsa")
    lines = ["-first", *(f"+{line}" for line in sample.secret.splitlines()), " last"]
    payload = json.dumps({"patch": [{"lines": lines}], "tool": "Edit"})

    cleaned = json.loads(redact_bytes(payload.encode())[0])

    marker = "[redacted:private-key]"
    assert cleaned == {"patch": [{"lines": ["-first", "+" + marker, *[marker] * 8, " last"]}], "tool": "Edit"}


def test_an_unterminated_private_block_ends_with_its_json_string() -> None:
    payload = {"a": "x <private>one", "b": ["<private>two", "y", "z"], "c": "kept", "d": "<private>three"}

    cleaned = json.loads(redact_bytes(json.dumps(payload).encode())[0])

    marker = "[redacted:private]"
    assert cleaned == {"a": "x " + marker, "b": [marker] * 3, "c": "kept", "d": marker}


def test_bytes_that_are_no_utf8_are_kept() -> None:
    cleaned, hits = redact_bytes(b"\xff\xfe PASSWORD=hunter2 \x80")

    assert (cleaned, hits) == (b"\xff\xfe PASSWORD=[redacted:password] \x80", 1)


def test_a_lone_surrogate_is_kept() -> None:
    assert redact("\udc80 PASSWORD=hunter2").text == "\udc80 PASSWORD=[redacted:password]"


def test_a_secret_that_ends_in_a_character_of_several_bytes_is_removed_whole() -> None:
    assert redact("DB_PASSWORD=geheim-ü-ß weiter").text == "DB_PASSWORD=[redacted:password] weiter"


def test_every_rule_has_an_id_of_its_own_a_description_literals_and_a_pattern_that_compiles() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) > 120
    for rule in RULES:
        assert re.fullmatch("[a-z0-9-]+", rule.id)
        assert rule.description
        assert rule.literals
        assert re.compile(rule.pattern.encode(), re.IGNORECASE if rule.folded else 0)


def test_every_rule_is_found_by_the_corpus() -> None:
    hit = {
        name
        for sample in SAMPLES
        for text in sample.in_context_texts.values()
        for name in redact(text).counts
    }

    assert {rule.id for rule in RULES} - hit == set()


def test_the_file_runs_alone_in_an_isolated_interpreter(tmp_path: Path) -> None:
    copy = tmp_path / "redaction.py"
    copy.write_bytes(Path(redaction.__file__).read_bytes())
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import redaction; "
        "sys.stdout.buffer.write(redaction.redact_bytes(sys.stdin.buffer.read())[0]); "
        "sys.exit(any(name.startswith('reasoningbank') for name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-IS", "-c", program], input=b"TOKEN=abc123", capture_output=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"TOKEN=[redacted:token]", b"")


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5 matches such a group wrongly (gh-106052), and the hook runs on the system's Python."""
    source = Path(redaction.__file__).read_text(encoding="utf-8")

    assert re.findall(r"\)(?:[*+?]|\{\d*,?\d*\})\+", source) == []


def test_importing_compiles_no_pattern() -> None:
    program = (
        "import re\ncompiled = []\noriginal = re._compiler.compile\n"
        "re._compiler.compile = lambda *args: compiled.append(args) or original(*args)\n"
        "import reasoningbank_schema.redaction\nprint(len(compiled))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "0\n"


def test_cap_text_returns_a_short_text_as_it_is() -> None:
    assert cap_text("abc", 3) == "abc"


def test_cap_text_keeps_head_and_tail_and_counts_what_it_cut() -> None:
    text = "a" * 500 + "b" * 500

    capped = cap_text(text, 100)

    head, cut, tail = re.fullmatch(r"(a+)… \[(\d+) characters cut\] …(b+)", capped).groups()  # type: ignore[union-attr]
    assert len(capped) <= 100
    assert len(head) + int(cut) + len(tail) == 1000
    assert cap_text(capped, 100) == capped


@pytest.mark.parametrize("limit_chars", [0, 1, 5, 20])
def test_cap_text_with_no_room_for_the_marker_keeps_the_head(limit_chars: int) -> None:
    assert cap_text("x" * 50, limit_chars) == "x" * limit_chars
