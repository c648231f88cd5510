"""The Dockerfile: its steps run as written, here without Docker and, slowly, by a real daemon without a network."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pdfreading import nanum

from lumen_action import __version__
from lumen_action.bootstrap import LOCK_OF, PROVIDES
from lumen_action.report.pdf.fonts import find

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = ROOT / ".tools" / "debian"
PACKAGES = ("docker.io", "containerd", "runc", "debootstrap", "tini")
WHEEL_TAGS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
IMPORT_ALL = f"""
import sys
sys.path.insert(0, sys.argv[1])
from lumen_action import bootstrap
bootstrap.install()
for module in {sorted(LOCK_OF)!r}:
    print(module, __import__(module).__file__)
"""


@dataclass(frozen=True)
class Instruction:
    """One line of the Dockerfile, with its continuations joined."""

    word: str
    rest: str


def instructions() -> list[Instruction]:
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8")).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def of(word: str) -> list[str]:
    return [instruction.rest for instruction in instructions() if instruction.word == word]


def test_the_base_is_named_once_and_pinned_by_digest() -> None:
    assert re.fullmatch(r"BASE=python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", of("ARG")[0])
    assert {rest.split()[0] for rest in of("FROM")} == {"${BASE}"}


def test_the_result_leaves_user_and_folder_to_the_ci_and_starts_one_absolute_program() -> None:
    last = max(index for index, instruction in enumerate(instructions()) if instruction.word == "FROM")
    final = instructions()[last:]
    assert {instruction.word for instruction in final} == {"FROM", "LABEL", "ENV", "COPY", "RUN", "ENTRYPOINT"}
    assert of("ENTRYPOINT") == ['["/usr/local/bin/lumen"]']
    assert of("ENV") == ["LUMEN_SITE=/opt/lumen/site"]


def test_the_context_holds_what_is_copied_and_nothing_else() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    copied = {source for rest in of("COPY") if not rest.startswith("--from") for source in rest.split()[:-1]}
    assert kept == copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def replay(root: Path) -> None:
    """Carry out COPY and RUN below a directory that stands for the root of the image."""

    def inside(text: str) -> str:
        return re.sub("/(opt/lumen|usr/local/bin|usr/share/fonts|var/lib/apt|var/cache/apt)", rf"{root}/\1", text)

    for folder in ("usr/local/bin", "usr/share/fonts/truetype", "var/lib/apt/lists", "var/cache/apt", "stand-ins"):
        (root / folder).mkdir(parents=True)
    # What apt-get would install for the whole machine is put below the root instead.
    apt_get = root / "stand-ins" / "apt-get"
    apt_get.write_text(f"""#!/bin/sh -e
case "$*" in
  update) touch {root}/var/lib/apt/lists/fetched {root}/var/cache/apt/pkgcache.bin ;;
  "install -y --no-install-recommends fonts-nanum") cp -r {nanum().parent} {root}/usr/share/fonts/truetype/nanum ;;
  *) echo "nobody expected apt-get $*" >&2; exit 1 ;;
esac
""")
    apt_get.chmod(0o755)
    path = os.pathsep.join((str(apt_get.parent), str(Path(sys.executable).parent), os.environ["PATH"]))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LUMEN_")} | {"PATH": path}
    for instruction in instructions():
        if instruction.word == "COPY" and not instruction.rest.startswith("--from"):
            *sources, target = shlex.split(instruction.rest)
            place = Path(inside(target))
            for source in map(ROOT.joinpath, sources):
                if source.is_dir():
                    shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, place)
        elif instruction.word == "RUN":
            subprocess.run(inside(instruction.rest), shell=True, check=True, cwd=root / "opt/lumen", env=environ)  # noqa: S602 - our own file


def test_its_steps_make_a_program_that_needs_nothing_else(tmp_path: Path) -> None:
    replay(tmp_path)
    site = tmp_path / "opt/lumen/site"
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LUMEN_SITE": str(site), "PIP_NO_INDEX": "1"}
    lumen = tmp_path / "usr/local/bin/lumen"
    done = subprocess.run([str(lumen), "--version"], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"lumen {__version__}\n", "")
    importing = [sys.executable, "-I", "-c", IMPORT_ALL, str(tmp_path / "opt/lumen")]
    listed = subprocess.run(importing, env=environ, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0]: line.split()[1].startswith(str(site)) for line in listed.splitlines()} == dict.fromkeys(
        LOCK_OF, True
    )
    assert [file for file in (tmp_path / "var").rglob("*") if file.is_file()] == []
    fonts = tmp_path / "usr/share/fonts"
    assert {file.name for file in fonts.rglob("*.ttf")} == {"NanumGothic.ttf", "NanumGothicBold.ttf"}
    assert find("", [fonts]).korean
    assert {"pip", "setuptools", "tests", "bin"} & {entry.name for entry in site.iterdir()} == set()
    tops = {e.name.split(".")[0] for e in site.iterdir() if not e.name.endswith((".dist-info", ".libs"))}
    loose = {name for name in tops if name and name != "__pycache__" and not name.endswith("__mypyc")}
    assert loose == set(LOCK_OF), "every installed module is known to the finder, and no other"


@dataclass(frozen=True)
class Docker:
    """A daemon of our own."""

    client: str
    socket: Path
    environ: dict[str, str]

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [self.client, "-H", f"unix://{self.socket}", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
        return done


def unpacked() -> dict[str, str]:
    """Unpack Docker and debootstrap, and return an environment in which they are found."""
    subprocess.run([sys.executable, str(ROOT / "tools" / "debian.py"), *PACKAGES], check=True, capture_output=True)
    folders = [str(DEBIAN / package / "usr" / kind) for package in PACKAGES for kind in ("sbin", "bin")]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LUMEN_", "DOCKER_"))},
        "PATH": os.pathsep.join([*folders, os.environ["PATH"], "/usr/sbin", "/sbin"]),
        "DEBOOTSTRAP_DIR": str(DEBIAN / "debootstrap" / "usr" / "share" / "debootstrap"),
    }


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a Docker daemon of our own needs root on Linux")
    home = tmp_path_factory.mktemp("docker")
    environ = unpacked()
    options = ("--iptables=false", "--ip6tables=false", "--bridge=none", "--pidfile", str(home / "pid"))
    roots = ("--data-root", str(home / "data"), "--exec-root", str(home / "exec"))
    log = home / "log"
    with log.open("w") as sink:
        daemon = subprocess.Popen(
            ["dockerd", *roots, *options, "-H", f"unix://{home}/sock"], env=environ, stdout=sink, stderr=sink
        )
    try:
        client = Docker(str(DEBIAN / "docker.io/usr/bin/docker"), home / "sock", environ)
        while client("info", check=False).returncode:
            if daemon.poll() is not None:
                pytest.skip(f"dockerd does not start here: {log.read_text(encoding='utf-8').splitlines()[-1]}")
            time.sleep(0.1)
        yield client
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
        subprocess.run(["umount", str(home / "exec/netns/default")], capture_output=True, check=False)
        shutil.rmtree(home / "data", ignore_errors=True)


def wheels(folder: Path) -> None:
    """Fill a wheelhouse for the Python of the stand-in base, from any other Python."""
    platforms = [word for tag in WHEEL_TAGS for word in ("--platform", f"{tag}_{os.uname().machine}")]
    how = ("--require-hashes", "--only-binary", ":all:", "--no-deps", "--python-version", "3.11", *platforms)
    locks = [word for name in PROVIDES for word in ("-r", f"locks/{name}.txt")]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", *how, *locks, "-d", str(folder)]
    subprocess.run(pip, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def image(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build on a stand-in for the base, Debian's own Python without pip, with wheels instead of a network."""
    rootfs = tmp_path_factory.mktemp("base") / "rootfs"
    include = "--include=python3,ca-certificates,tzdata,fonts-nanum"
    subprocess.run(
        ["debootstrap", "--variant=minbase", include, "bookworm", str(rootfs)],
        env=docker.environ,
        check=True,
        capture_output=True,
    )
    wheels(rootfs / "wheelhouse")
    packed = rootfs.with_suffix(".tar")
    subprocess.run(["tar", "-C", str(rootfs), "-cf", str(packed), "."], check=True)
    docker("import", "--change", "ENV LUMEN_WHEELHOUSE=/wheelhouse", str(packed), "base:test")
    shutil.rmtree(rootfs.parent)
    docker("build", "--network", "none", "--build-arg", "BASE=base:test", "--tag", "lumen:test", ".")
    return "lumen:test"


CONFINED = ("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


@pytest.mark.slow
@pytest.mark.parametrize("user", [(), ("--user", "1001:1001")], ids=["root", "somebody"])
def test_the_image_answers_as_any_user_without_network_or_a_writable_disk(
    docker: Docker, image: str, user: Sequence[str]
) -> None:
    assert docker("run", *CONFINED, *user, image, "--version").stdout == f"lumen {__version__}\n"


@pytest.mark.slow
def test_the_image_imports_every_pinned_module_from_its_own_site(docker: Docker, image: str) -> None:
    python = ("--entrypoint", "python3", "--user", "1001", image, "-I", "-c", IMPORT_ALL, "/opt/lumen")
    listed = docker("run", *CONFINED, *python).stdout.splitlines()
    assert {line.split()[0] for line in listed if line.split()[1].startswith("/opt/lumen/site/")} == set(LOCK_OF)


@pytest.mark.slow
def test_the_image_records_a_stage_in_a_mounted_workspace_as_its_owner(
    docker: Docker, image: str, tmp_path: Path
) -> None:
    (tmp_path / "build.log").write_text("fatal: unable to access: Could not resolve host: example.invalid\n")
    for place in (tmp_path, tmp_path / "build.log"):
        os.chown(place, 1001, 1001)
    mounted = ("--user", "1001:1001", "-v", f"{tmp_path}:/work space", "-w", "/work space", "-e", "HOME=/work space")
    words = ("record", "--stage", "build", "--outcome", "failure", "--region", "eu", "--pipeline", "nightly")
    files = ("--log-file", "build.log", "--ledger", "sqlite:/work space/ledger.db")
    done = docker("run", *CONFINED, *mounted, image, *words, *files, "--json")
    assert json.loads(done.stdout)["error_class"] == "network"
    assert (tmp_path / "ledger.db").stat().st_uid == 1001


@pytest.mark.slow
def test_the_image_adds_little_to_its_base(docker: Docker, image: str) -> None:
    sizes = [int(docker("image", "inspect", "--format", "{{.Size}}", name).stdout) for name in (image, "base:test")]
    assert sizes[0] - sizes[1] < 100_000_000, docker("history", image).stdout
