"""The launcher, run for real in folders with a space in their name, mostly with a small script in Python's place."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[1] / "livecomments"
TOOLS = ("sh", "cat", "cksum", "dirname", "ls", "mkdir", "mv", "readlink", "rm", "rmdir", "sleep", "tail", "touch")
NULL = subprocess.DEVNULL
DEAD = 2**22 + 1  # no Linux process gets a number as high as this

# Answers as far as the launcher asks: its version, its modules, a virtual environment, pip, and the program itself.
PYTHON = """#!/bin/sh
case "$*" in
*version_info*) echo 3.11.7 ;;
*ensurepip*) exit 0 ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo venv >>"$LOG" ;;
*"pip --version") exit 0 ;;
*"pip install"*) for last; do :; done; echo "pip ${last##*/}" >>"$LOG"; {pip} ;;
*) echo "$*"; echo "$PYTHONPATH"; pwd; exit "${STATUS-0}" ;;
esac
"""


class Checkout:
    """A folder with nothing but the launcher and two lock files, and a PATH with nothing but what is put on it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin = folder / "my checkout", folder / "bin"
        self.venv, self.log = self.root / ".venv", folder / "log"
        (self.root / "deploy").mkdir(parents=True)
        self.bin.mkdir()
        self.log.touch()
        shutil.copy(LAUNCHER, self.root)
        self.lock("requirements.txt", "")
        self.lock("requirements-course.txt", "# course\n")
        self.lock("requirements-dev.txt", "# dev\n")
        for tool in (*TOOLS, "cp", "kill"):
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(found)

    def lock(self, name: str, text: str) -> None:
        (self.root / "deploy" / name).write_text(text)

    def python(self, name: str = "python3", script: str = PYTHON, pip: str = "exit 0") -> None:
        (self.bin / name).write_text(script.replace("{pip}", pip))
        (self.bin / name).chmod(0o755)

    def do_not_sleep(self) -> None:
        (self.bin / "sleep").unlink()
        self.python("sleep", "#!/bin/sh\n")

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.bin), "LOG": str(self.log), **more}

    def run(self, *args: str, start: str | None = None, cwd: Path | None = None, **more: str) -> tuple[int, str, str]:
        command = [start or str(self.root / "livecomments"), *args]
        done = subprocess.run(
            command, cwd=cwd, env=self.environment(**more), capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def setups(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_without_python_one_line_says_what_is_needed(checkout: Checkout) -> None:
    expected = "livecomments: Python 3.11 or newer is needed, and no python3 was found\n"
    assert checkout.run("serve") == (1, "", expected)
    assert not checkout.venv.exists()


def test_an_old_python_is_named_with_its_version(checkout: Checkout) -> None:
    checkout.python(script="#!/bin/sh\necho 3.9.2\nexit 1\n")
    expected = "livecomments: Python 3.11 or newer is needed, and python3 is Python 3.9.2\n"
    assert checkout.run("serve") == (1, "", expected)


def test_a_python_without_the_venv_module_names_the_package_to_install(checkout: Checkout) -> None:
    checkout.python(script=PYTHON.replace("*ensurepip*) exit 0", "*ensurepip*) exit 1"))
    status, _, said = checkout.run("serve")
    assert (status, said.count("\n")) == (1, 1)
    assert "python3 (Python 3.11.7) lacks the venv module" in said
    assert "apt install python3-venv" in said


def test_a_newer_python_is_found_behind_an_old_python3(checkout: Checkout) -> None:
    checkout.python(script="#!/bin/sh\necho 3.9.2\nexit 1\n")
    checkout.python("python3.12")
    assert checkout.run("serve")[0] == 0


def test_the_python_of_the_environment_comes_first(checkout: Checkout) -> None:
    checkout.python()
    checkout.python("my python", PYTHON.replace("echo venv", "echo my venv"))
    checkout.run("serve", PYTHON=str(checkout.bin / "my python"))
    assert checkout.setups() == ["my venv", "pip requirements.txt"]


def test_the_first_call_says_one_line_and_sets_up_and_the_second_does_neither(checkout: Checkout) -> None:
    checkout.python()
    first, second = checkout.run("serve"), checkout.run("serve")
    assert first[2] == f"Setting up {checkout.venv} (once; about a minute) ...\n"
    assert second[2] == ""
    assert checkout.setups() == ["venv", "pip requirements.txt"]


def test_what_a_link_leads_to_is_used_and_never_emptied(checkout: Checkout, tmp_path: Path) -> None:
    checkout.python()
    checkout.run("serve")
    others = checkout.venv.rename(tmp_path / "another's venv")
    checkout.venv.symlink_to(others)
    assert checkout.run("serve")[0] == 0
    checkout.lock("requirements.txt", "# another\n")
    status, _, said = checkout.run("serve")
    assert status == 1
    assert "is a link" in said
    assert (others / "bin" / "python").exists()
    assert checkout.setups() == ["venv", "pip requirements.txt"]


def test_a_changed_lock_is_installed_again(checkout: Checkout) -> None:
    checkout.python()
    checkout.run("serve")
    checkout.lock("requirements.txt", "# another\n")
    checkout.run("serve")
    assert checkout.setups() == ["venv", "pip requirements.txt", "pip requirements.txt"]


def test_the_development_lock_also_serves_the_plain_commands(checkout: Checkout) -> None:
    checkout.python()
    checkout.run("test", "-x")
    checkout.run("serve")
    assert checkout.setups() == ["venv", "pip requirements-dev.txt"]


def test_the_development_lock_also_serves_the_course(checkout: Checkout) -> None:
    checkout.python()
    checkout.run("test", "-x")
    checkout.run("docs")
    checkout.run("notebooks")
    assert checkout.setups() == ["venv", "pip requirements-dev.txt"]


def test_the_course_adds_to_the_plain_lock_and_tests_add_to_the_course(checkout: Checkout) -> None:
    checkout.python()
    for command in ("serve", "docs", "notebooks", "serve"):
        checkout.run(command)
    checkout.run("test", "-x")
    assert checkout.setups() == [
        "venv",
        "pip requirements.txt",
        "pip requirements-course.txt",
        "pip requirements-dev.txt",
    ]


@pytest.mark.parametrize("command", ["docs", "notebooks"])
@pytest.mark.parametrize("wish", ["-h", "--help"])
def test_the_help_of_a_command_of_the_course_needs_the_plain_lock_alone(
    checkout: Checkout, command: str, wish: str
) -> None:
    checkout.python()
    assert checkout.run(command, wish)[1].startswith(f"-m simulation.cli {command} {wish}\n")
    assert checkout.run(command, "--port", "0", wish)[0] == 0
    assert checkout.setups() == ["venv", "pip requirements.txt"]


def test_a_further_set_up_says_what_it_is_for(checkout: Checkout) -> None:
    checkout.python()
    plain, course, test = (checkout.run(command)[2] for command in ("serve", "notebooks", "test"))
    assert plain == f"Setting up {checkout.venv} (once; about a minute) ...\n"
    assert course == f"Setting up {checkout.venv} for docs and notebooks (once; about a minute) ...\n"
    assert test == f"Setting up {checkout.venv} for test (once; about a minute) ...\n"


def test_a_failed_installation_shows_the_last_lines_and_is_tried_again(checkout: Checkout) -> None:
    checkout.python(pip="echo first; for n in 1 2 3 4 5 6 7 8; do echo line $n; done; exit 1")
    status, _, said = checkout.run("serve")
    assert status == 1
    assert "line 8\nlivecomments: pip failed (see above); the next call tries again\n" in said
    assert "first" not in said
    checkout.python()
    assert checkout.run("serve")[0] == 0
    assert checkout.setups() == ["venv", "pip requirements.txt"] * 2


def test_a_set_up_that_was_cut_off_starts_afresh(checkout: Checkout) -> None:
    checkout.python()
    checkout.run("serve")
    (checkout.venv / ".unfinished").touch()  # stands there from the start of a set-up to its end
    (checkout.venv / "half").touch()
    assert checkout.run("serve")[0] == 0
    assert checkout.setups() == ["venv", "pip requirements.txt"] * 2
    assert not (checkout.venv / "half").exists()
    assert not (checkout.venv / ".unfinished").exists()


def test_two_launchers_at_once_set_up_once(checkout: Checkout) -> None:
    checkout.python(pip="sleep 0.3")
    command = [str(checkout.root / "livecomments"), "serve"]
    processes = [subprocess.Popen(command, env=checkout.environment(), stdout=NULL, stderr=NULL) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert checkout.setups() == ["venv", "pip requirements.txt"]


@pytest.mark.parametrize("owner", [str(DEAD), "own", ""])
def test_a_lock_without_a_living_owner_is_taken_over(checkout: Checkout, owner: str) -> None:
    checkout.python()
    checkout.do_not_sleep()
    name = "$$" if owner == "own" else owner  # the shell below becomes the launcher, and keeps its number
    sign = f'touch "$1/{name}"; ' if owner else ""
    script = f'mkdir -p "$1"; {sign}exec "$0" serve'
    command = ["sh", "-c", script, str(checkout.root / "livecomments"), str(checkout.venv / ".lock")]
    assert subprocess.run(command, env=checkout.environment(), capture_output=True, timeout=60).returncode == 0
    assert checkout.setups() == ["venv", "pip requirements.txt"]
    assert not (checkout.venv / ".lock").exists()


def test_a_command_keeps_its_arguments_folder_and_status(checkout: Checkout, tmp_path: Path) -> None:
    checkout.python()
    status, said, _ = checkout.run("run", "a b", cwd=tmp_path, STATUS="7", PYTHONPATH="mine")
    assert status == 7
    assert said == f"-m simulation.cli run a b\n{checkout.root}:mine\n{tmp_path}\n"


def test_a_symlink_from_elsewhere_finds_its_checkout(checkout: Checkout, tmp_path: Path) -> None:
    checkout.python()
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "relative").symlink_to("../my checkout/livecomments")
    (tmp_path / "lc").symlink_to("links/relative")
    assert checkout.run("serve", start="./lc", cwd=tmp_path)[1].splitlines()[1] == str(checkout.root)


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]])
def test_no_arguments_show_the_help_with_the_test_command(checkout: Checkout, words: list[str]) -> None:
    checkout.python()
    status, said, _ = checkout.run(*words)
    assert status == 0
    assert said.startswith("-m simulation.cli --help\n")
    assert "./livecomments test" in said


def test_the_help_of_test_sets_nothing_up(checkout: Checkout) -> None:
    status, said, _ = checkout.run("test", "--help")
    assert (status, checkout.setups()) == (0, [])
    assert "ruff check, ruff format --check, mypy" in said


def test_test_checks_everything_before_pytest_and_with_arguments_runs_pytest_alone(checkout: Checkout) -> None:
    checkout.python()
    every, some = checkout.run("test")[1].splitlines(), checkout.run("test", "-k", "a b")[1].splitlines()
    together = "-m pytest -m not alone -n 3 --dist loadfile --no-loadscope-reorder --durations 15"
    alone = "-m pytest -m alone"
    assert every[::3] == ["-m ruff check", "-m ruff format --check", "-m mypy", together, alone]
    assert some == ["-m pytest -k a b", str(checkout.root), str(checkout.root)]


def test_test_ends_with_the_first_check_that_fails(checkout: Checkout) -> None:
    checkout.python()
    status, said, _ = checkout.run("test", STATUS="3")
    assert status == 3
    assert said.splitlines()[::3] == ["-m ruff check"]


@pytest.mark.parametrize("failing", ["not alone", "-m alone"])
def test_test_runs_both_parts_and_fails_with_either(checkout: Checkout, failing: str) -> None:
    checkout.python(script=PYTHON.replace('exit "${STATUS-0}"', f'case "$*" in *"{failing}"*) exit 1 ;; esac'))
    status, said, _ = checkout.run("test")
    assert (status, len(said.splitlines()[::3])) == (1, 5)


@pytest.mark.slow
def test_a_real_environment_is_made_and_a_broken_one_replaced(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.root / "simulation").mkdir()
    (checkout.root / "simulation" / "cli.py").write_text("import sys\nprint(sys.prefix, sys.argv[1:])\n")
    expected = f"{checkout.venv} ['serve']\n"
    (tmp_path / "logging.py").write_text("raise SystemExit('a file of the reader, in the folder of the call')\n")
    assert checkout.run("serve", cwd=tmp_path, PYTHON=sys.executable)[:2] == (0, expected)
    (checkout.venv / "bin" / "python").unlink()
    assert checkout.run("serve", PYTHON=sys.executable)[:2] == (0, expected)
