"""The Makefile works wherever the repository was put."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("target", ["serve", "run", "test", "check"])
def test_the_folder_may_have_a_space_in_its_name(target: str, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert str(folder) in done.stdout
    assert done.stdout.count(str(folder)) == done.stdout.count(f'"{folder}/')
