"""`bursar catalog`: the catalog kept as a file, shown before it is changed."""

from pathlib import Path

import pytest

from tests.cli.program import installed

pytestmark = pytest.mark.anyio

CATALOG = """catalog: 1
price_books:
  usd: {name: Dollars, currency: USD/2, is_default: true}
products:
  app: {name: App}
plans:
  pro:
    product: app
    name: Pro
    published:
      items:
      - key: fee
        name: Fee
        kind: recurring
        prices:
          usd: {model: flat, amount: 20.00}
"""


async def test_a_file_is_shown_applied_and_then_makes_no_difference(tmp_path: Path) -> None:
    here = installed(tmp_path)
    file = tmp_path / "catalog.yaml"
    file.write_text(CATALOG, "utf-8")
    await here.run("migrate")

    shown = await here.run("catalog", "plan", "catalog.yaml")
    unasked = await here.run("catalog", "apply", "catalog.yaml")
    applied = await here.run("catalog", "apply", "catalog.yaml", "--yes")
    same = await here.run("catalog", "plan", "catalog.yaml")

    assert (shown.code, applied.code, same.code) == (2, 0, 0), applied.err
    assert "+ create   plans.pro\n" in shown.out
    assert (
        "+ publish  plans.pro.published.items.fee.prices.usd\n"
        '    + {"model": "flat", "amount": "20"}\n'
    ) in shown.out
    assert "\x1b[" not in shown.out, "colours are for terminals"
    assert (unasked.code, unasked.err) == (
        1,
        "bursar: nothing was changed; --yes applies without asking\n",
    )
    assert applied.out.endswith(f"Applied {shown.out.count(chr(10) + '+') + 1} changes.\n")
    assert same.out.startswith("Nothing to apply. Digest ")

    file.write_text(CATALOG.replace("20.00", "25"), "utf-8")
    dearer = await here.run("catalog", "plan", "catalog.yaml")
    assert dearer.out.splitlines()[:4] == [
        "~ publish  plans.pro.published.items.fee.prices.usd",
        '    - {"model": "flat", "amount": "20"}',
        '    + {"model": "flat", "amount": "25"}',
        f"1 change to apply. Digest {dearer.out.split()[-1]}",
    ]
    another = await here.run("catalog", "apply", "catalog.yaml", "--digest", "0" * 32)
    assert (another.code, "not what you were shown" in another.err) == (1, True)
    digest = dearer.out.split()[-1]
    assert (await here.run("catalog", "apply", "catalog.yaml", "--digest", digest)).code == 0

    exported = await here.run("catalog", "export", "out.yaml")
    assert (exported.code, exported.err) == (0, "")
    assert (await here.run("catalog", "plan", "out.yaml")).code == 0


async def test_what_is_wrong_with_a_file_is_said_by_path_and_is_no_difference(
    tmp_path: Path,
) -> None:
    here = installed(tmp_path)
    await here.run("migrate")
    (tmp_path / "wrong.yaml").write_text(CATALOG.replace("name: Pro", "nam: Pro"), "utf-8")
    (tmp_path / "bomb.yaml").write_text("a: &a [1]\nb: *a\n", "utf-8")

    wrong = await here.run("catalog", "plan", "wrong.yaml")
    bomb = await here.run("catalog", "plan", "bomb.yaml")
    missing = await here.run("catalog", "plan", "nowhere.yaml")

    assert (wrong.code, bomb.code, missing.code) == (1, 1, 1)
    assert wrong.err.splitlines() == [
        "bursar: plans.pro.name: Field required",
        "bursar: plans.pro.nam: Extra inputs are not permitted",
    ]
    assert "must not have anchors or aliases" in bomb.err
    assert missing.err == "bursar: nowhere.yaml cannot be read: No such file or directory\n"
