"""ipsec.conf as a whole: what it resolves to, what it refuses, and starter's opinion."""

import ctypes
import os
import random
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EACCES
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from check_ipsec.configuration import keywords
from check_ipsec.configuration.ipsec_conf import load
from check_ipsec.configuration.rendered import render
from check_ipsec.errors import CheckIpsecError, ConfigurationError
from check_ipsec.host.files import DiskFiles, expression
from check_ipsec.model.configuration import Configuration, Connection
from tests.ipsec_conf import (
    MemoryFiles,
    ask_starter,
    description,
    files,
    loaded,
    refusal,
    shown_pairs,
)

MAIN = "/etc/ipsec.conf"
NOBODY = 65534
DENIED = PermissionError(EACCES, "Permission denied")


def load_text(text: str, **texts: str | OSError) -> Configuration:
    return load(MAIN, MemoryFiles(**{MAIN: text}, **texts))


def facts(configuration: Configuration) -> tuple[object, ...]:
    """What a printed configuration has to say again."""
    connections = [
        (connection.name, connection.settings, connection.problem is None)
        for connection in configuration.connections
    ]
    return configuration.setup, connections


# --- files with what they say beside them -------------------------------------


@pytest.mark.parametrize("path", files("valid"), ids=lambda path: path.stem)
def test_valid(path: Path) -> None:
    assert description(loaded(path)) == path.with_suffix(".expected").read_text()


@pytest.mark.parametrize("path", files("invalid"), ids=lambda path: path.stem)
def test_invalid(path: Path) -> None:
    assert refusal(path) == path.with_suffix(".error").read_text().strip()


@pytest.mark.parametrize("path", files("valid"), ids=lambda path: path.stem)
def test_printed_and_read_again(path: Path) -> None:
    configuration = loaded(path)
    assert facts(load_text(render(configuration))) == facts(configuration)


# --- starter ------------------------------------------------------------------

# starter follows an include loop until it can open no more files, then accepts
FOLLOWED = {"include-itself", "include-loop"}
# of two names of a keyword both are shown, of a mode that is overridden the first
SHOWN_OTHERWISE = {"aliases", "source-address-makes-a-tunnel"}


@pytest.mark.parametrize("path", files("valid"), ids=lambda path: path.stem)
def test_starter_accepts_and_drops_the_same(path: Path) -> None:
    answer = ask_starter(path)
    assert answer.accepted, answer.words
    for connection in loaded(path).connections:
        name = "%auto" if re.fullmatch(r"conn_\d+", connection.name) else connection.name
        assert (name in answer.dropped) == (connection.problem is not None), name
        if path.stem not in SHOWN_OTHERWISE:
            assert shown_pairs(connection) == answer.pairs(name)


@pytest.mark.parametrize("path", files("invalid"), ids=lambda path: path.stem)
def test_starter_refuses_the_same(path: Path) -> None:
    answer = ask_starter(path)
    assert answer.accepted == (path.stem in FOLLOWED)


TEXT_VALUES = """
yes no add start ike ikev2 tunnel reject psk never none clear restart push pull server client
always ifasked force accept ifuri replace keep %forever %mtu %any %same %unique %unique-dir
%UNIQUE %uniquex %unique/0xff 0 5 -5 +5 5s 5m 5h 5d 5w s 5ms 50% % -1% 0x10 0x 08 010 101 102
1/2 1/ / /1 1/x tcp tcp/http udp/%any %any/%opaque 17/500-600 17/- 17/-5 17/5--6 17/65536 256
0xff 0x100 tcp/nosuchservice nosuchprotocol 99999999999999999999999 17/9999999999999999999999
1.5 1e3
"""
VALUES = [
    *re.findall(r"\S+", TEXT_VALUES),
    *("", " 5", "5 ", "\t5", " ", " s", "tcp /80", "\v07/\f7"),
]
DISTINCT_VALUES = ["no", "add", "5", "5s", "5%", "%any", "none"]
KNOWN = [*keywords.SETUP, *keywords.CONN, *keywords.CA, "unknown"]
ONE_OF_A_KIND = {kind: keyword for keyword, kind in keywords.CONN.items()}.values()


@pytest.mark.parametrize(
    ("keys", "values"), [(KNOWN, DISTINCT_VALUES), (ONE_OF_A_KIND, VALUES)], ids=["all", "kinds"]
)
def test_every_keyword_and_value_in_a_conn(
    keys: Iterable[str], values: list[str], tmp_path: Path
) -> None:
    pairs = {f"{key}={value}": (key, value) for key in keys for value in values}
    connections = tuple(Connection(name, MAIN, 1, (pair,)) for name, pair in pairs.items())
    path = tmp_path / "ipsec.conf"
    path.write_text(render(Configuration(MAIN, connections)))
    bad = {name for name, pair in pairs.items() if keywords.bad_conn_value(*pair)}
    assert bad == ask_starter(path).dropped


@pytest.mark.parametrize("key", KNOWN)
def test_every_keyword_in_config_setup(key: str, tmp_path: Path) -> None:
    path = tmp_path / "ipsec.conf"
    for value in ("no", "yes", "ifuri", "never", "", "maybe"):
        path.write_text(f'config setup\n\t{key}="{value}"\n')
        assert ask_starter(path).accepted == (keywords.bad_setup_value(key, value) is None)
        if key not in ("cachecrls", "strictcrlpolicy", "uniqueids"):
            break


# --- texts nobody would write -------------------------------------------------

NAMES = st.sampled_from(["alice", "bob", "%default", "carol"])
PIECES = ('"', '"q"', '""', "@#", "@#1", "\\n", "a", "add", "Start", "tcp/80", "5", "no", "yes")
WORDS = st.sampled_from((*"\\#= \t\r\0\x0b\x85ü\udcff", *PIECES, "include", "version", "conn"))
KEYS = st.sampled_from(
    ("auto", "left", "reqid", "leftprotoport", "leftfirewall", "leftupdown", "uniqueids", "type")
) | st.sampled_from(
    ("keylife", "rightsourceip", "unknown", "version", '"quoted key"', "auto ", "\\")
)
TOKENS = st.lists(WORDS, max_size=4).map("".join)
SETTINGS = st.one_of(
    st.builds("\t{}={}\n".format, KEYS, TOKENS),
    st.builds(" also={}\n".format, NAMES),
    st.just("\tinclude other.conf\n"),
)
HEADS = st.builds("conn {}\n".format, NAMES | TOKENS) | st.sampled_from(
    ["config setup\n", "ca x\n", "#\n", "\n", "include other.conf\n", "\tauto=add # \n"]
)
TEXTS = st.lists(HEADS | SETTINGS, max_size=12).map("".join)
ANYTHING = st.lists(WORDS | HEADS | SETTINGS, max_size=12).map("".join)


@given(TEXTS | ANYTHING.map(lambda text: text.replace("include", "exclude")), TEXTS)
@settings(max_examples=300)
def test_starter_agrees_on_any_text(text: str, included: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "ipsec.conf")
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        other = included.replace("other.conf", "nowhere.conf").encode("utf-8", "surrogateescape")
        path.with_name("other.conf").write_bytes(other)
        answer = ask_starter(path)
        try:
            configuration = loaded(path)
        except CheckIpsecError:
            assert not answer.accepted
            return
        assert answer.accepted, answer.words
        for connection in configuration.connections:
            dropped = connection.problem is not None
            assert (connection.name in answer.dropped) == dropped, answer.words


@given(TEXTS)
@settings(max_examples=200)
def test_any_configuration_printed_and_read_again(text: str) -> None:
    with suppress(CheckIpsecError):
        configuration = load_text(text)
        assert facts(load_text(render(configuration))) == facts(configuration)


NASTY = st.text(
    st.sampled_from("ab1=#\"'\\ \t\n\r\x0b\x1c\x85\u2028ü%@!$%&/()[]{},;.:-_\udc80\udcff"),
    min_size=1,
) | st.sampled_from(["include x", "version", "conn", "@#", "x@#y", "%any", "also", "\\n", '"'])


@given(
    st.lists(
        st.tuples(
            NASTY, st.dictionaries(NASTY.filter(lambda key: key != "also"), NASTY | st.just(""))
        ),
        unique_by=lambda section: section[0],
    ),
    st.dictionaries(st.just("charondebug") | NASTY.filter(lambda key: key != "also"), NASTY),
)
@settings(max_examples=300)
def test_any_names_and_values_printed_and_read_again(
    sections: list[tuple[str, dict[str, str]]], setup: dict[str, str]
) -> None:
    connections = tuple(
        Connection(name, MAIN, 1, tuple(sorted(pairs.items()))) for name, pairs in sections
    )
    configuration = Configuration(MAIN, connections, tuple(sorted(setup.items())))
    assert facts(load_text(render(configuration))) == facts(configuration)


# --- broken files -------------------------------------------------------------

ALL_FILES = [*files("valid"), *files("invalid")]


def load_bytes(data: bytes) -> None:
    """Any bytes are a configuration or a clear error."""
    text = data.decode("utf-8", "surrogateescape")
    with suppress(CheckIpsecError):
        configuration = load_text(text)
        assert facts(load_text(render(configuration))) == facts(configuration)


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.stem)
def test_a_file_cut_anywhere(path: Path) -> None:
    data = path.read_bytes()
    for end in range(len(data)):
        load_bytes(data[:end])


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.stem)
def test_a_file_in_another_form(path: Path) -> None:
    data = path.read_bytes()
    lines = data.split(b"\n")
    load_bytes(data.replace(b"\n", b"\r\n"))
    load_bytes(data.decode("latin-1").encode("utf-16"))
    load_bytes(bytes(byte ^ 0x80 for byte in data))
    for seed in range(20):
        random.Random(seed).shuffle(lines)
        load_bytes(b"\n".join(lines))


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_random_bytes(data: bytes) -> None:
    load_bytes(data)
    load_bytes(b"conn a\n\tleft=" + data)


# --- files that cannot be had -------------------------------------------------


def test_the_main_file_is_missing(tmp_path: Path) -> None:
    path = str(tmp_path / "ipsec.conf")
    with pytest.raises(
        ConfigurationError, match=f"^cannot read {path}: No such file or directory$"
    ):
        load(path, DiskFiles())


def test_the_main_file_is_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"^cannot read {tmp_path}: Is a directory$"):
        load(str(tmp_path), DiskFiles())


def test_an_included_file_is_unreadable() -> None:
    with pytest.raises(ConfigurationError, match=r"^cannot read /etc/x\.conf: Permission denied$"):
        load_text("include x.conf", **{"/etc/x.conf": DENIED})


@contextmanager
def unprivileged() -> Iterator[None]:
    """Without root's right to read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user may look into."""
    with TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        (path / "conf.d").mkdir()
        (path / "conf.d" / "alice.conf").write_text("conn alice\n")
        yield path


@pytest.mark.parametrize(
    ("pattern", "mode", "of", "named"),
    [
        ("conf.d/*.conf", 0o000, "conf.d/alice.conf", "conf.d/alice.conf"),
        ("conf.d/*.conf", 0o000, "conf.d", "conf.d"),
        ("conf.d/*.conf", 0o111, "conf.d", "conf.d"),
        ("conf.d/*.conf", 0o444, "conf.d", "conf.d/alice.conf"),
        ("conf.d/alice.conf", 0o444, "conf.d", "conf.d/alice.conf"),
        ("conf.d/nobody.conf", 0o444, "conf.d", "conf.d/nobody.conf"),
        ("*/alice.conf", 0o444, "conf.d", "conf.d/alice.conf"),
    ],
)
def test_what_this_user_may_not_look_into(
    folder: Path, pattern: str, mode: int, of: str, named: str
) -> None:
    main = folder / "ipsec.conf"
    main.write_text(f"include {pattern}\n")
    (folder / of).chmod(mode)
    refused = pytest.raises(ConfigurationError, match=f"^cannot read {folder}/{named}: Permission")
    with unprivileged(), refused:
        load(str(main), DiskFiles())
    (folder / of).chmod(0o755)
    names = [connection.name for connection in load(str(main), DiskFiles()).connections]
    assert names == ([] if "nobody" in pattern else ["alice"])


def test_a_directory_that_may_be_searched_but_not_listed_gives_a_file_by_name(folder: Path) -> None:
    main = folder / "ipsec.conf"
    main.write_text("include conf.d/alice.conf\n")
    (folder / "conf.d").chmod(0o711)
    with unprivileged():
        assert [connection.name for connection in load(str(main), DiskFiles()).connections] == [
            "alice"
        ]


def test_what_is_skipped_without_a_word(folder: Path) -> None:
    (folder / "directory").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "circle").symlink_to("circle")
    (folder / ".hidden").write_text("conn hidden\n")
    (folder / "link").symlink_to("conf.d/alice.conf")
    pattern = f"{folder}/*"
    assert DiskFiles().glob(pattern) == [f"{folder}/link"]
    for absent in ("nothing/*", "link/*", "nothing/x", "link/x", "x" * 300, "conf.d/alice.conf/"):
        assert DiskFiles().glob(f"{folder}/{absent}") == []


def test_the_order_and_the_bytes_of_names(folder: Path) -> None:
    for name in (b"b", b"B", b"\xff", "ä".encode(), b"a\n", b"[x]"):
        Path(os.fsdecode(os.fsencode(folder) + b"/conf.d/" + name)).touch()
    found = [path.rpartition("/")[2] for path in DiskFiles().glob(f"{folder}/c*.d/*")]
    assert found == ["B", "[x]", "a\n", "alice.conf", "b", "ä", "\udcff"]
    assert DiskFiles().glob(f"{folder}/conf.d/\\[x]") == [f"{folder}/conf.d/[x]"]
    assert DiskFiles().glob(f"{folder}/conf.d/\udcff") == [f"{folder}/conf.d/\udcff"]


def test_relative_and_absolute_patterns(folder: Path) -> None:
    (folder / "conf.d" / "all").write_text("include *.conf\n")
    (folder / "ipsec.conf").write_text(f"include conf.d/all\ninclude {folder}/conf.d/bob\n")
    (folder / "conf.d" / "bob").write_text("conn bob\n")
    read = load(f"{folder}/ipsec.conf", DiskFiles()).files
    names = ("ipsec.conf", "conf.d/all", "conf.d/alice.conf", "conf.d/bob")
    assert read == tuple(f"{folder}/{name}" for name in names)


GLOB = st.lists(
    st.sampled_from(["*", "?", "[", "]", "!", "^", "-", ".", "a", "b", "c", "\\a", "\\*", "\\["])
    | st.sampled_from(["[ab]", "[!a]", "[^.]", "[a-c]", "[]a]", "[!]]", "[[:digit:]x]", "[\\]a]"]),
    min_size=1,
    max_size=6,
).map("".join)


@example("*?[!a]", "1.")
@example("**??[!a]*", "12.")
@given(GLOB, st.text("abc.]-[!^*1\\", min_size=1, max_size=4))
@settings(max_examples=2000)
def test_names_match_as_the_c_library_matches_them(pattern: str, name: str) -> None:
    period = 1 << 2
    theirs = ctypes.CDLL(None).fnmatch(pattern.encode(), name.encode(), period) == 0
    assert bool(re.fullmatch(expression(pattern.encode()), name.encode())) == theirs


# --- depth --------------------------------------------------------------------


def test_includes_may_be_nested_a_hundred_deep() -> None:
    def chain(length: int) -> dict[str, str]:
        return {f"/etc/{n}": f"include {n + 1}" for n in range(length)} | {
            f"/etc/{length}": "conn a"
        }

    assert load_text("include 0", **chain(98)).connections[0].name == "a"
    with pytest.raises(ConfigurationError, match=r"^/etc/98:1: include is nested too deeply$"):
        load_text("include 0", **chain(5000))


def test_also_may_be_nested_a_hundred_deep() -> None:
    def chain(length: int) -> str:
        links = "".join(f"conn {n}\n\talso={n + 1}\n" for n in range(length))
        return f"{links}conn {length}\n\tauto=add\n"

    assert load_text(chain(99)).connections[0].setting("auto") == "add"
    with pytest.raises(
        ConfigurationError, match=r"^/etc/ipsec.conf:\d+: also is nested too deeply$"
    ):
        load_text(chain(5000))
