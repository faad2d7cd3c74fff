"""Which settings for Stripe may start, and which may not."""

from typing import Any

import pytest

from mcp_server.settings import Settings, WrongSetting, load_settings

TEST, LIVE = "sk_test_1", "sk_live_1"
KEY, SECRETS, THIN = "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_THIN_WEBHOOK_SECRETS"
BASE, SANDBOX = "STRIPE_API_BASE", "STRIPE_SANDBOX"


def loaded(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name in (KEY, SECRETS, THIN, BASE, SANDBOX):
        monkeypatch.setenv(f"BURSAR_{name}", environment.get(name, ""))
    return load_settings(_env_file=None)


def test_without_a_key_there_is_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch).has_sandbox
    assert not loaded(monkeypatch, STRIPE_SANDBOX="false").has_sandbox


@pytest.mark.parametrize("key", [TEST, LIVE, "rk_test_1", "rk_live_1"])
def test_beside_a_key_there_is_none(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    settings = loaded(monkeypatch, STRIPE_SECRET_KEY=key, STRIPE_WEBHOOK_SECRETS="whsec_a")

    assert not settings.has_sandbox


def test_several_webhook_secrets_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(
        monkeypatch, STRIPE_SECRET_KEY=TEST, STRIPE_WEBHOOK_SECRETS="whsec_old, whsec_new"
    )

    secrets = [each.get_secret_value() for each in settings.stripe_webhook_secrets]
    assert secrets == ["whsec_old", "whsec_new"]
    assert "whsec_old" not in repr(settings)
    assert TEST not in repr(settings)


WRONG: list[tuple[str, dict[str, str]]] = [
    (KEY, {KEY: "pk_test_1", SECRETS: "whsec_a"}),
    (KEY, {SECRETS: "whsec_a"}),
    (KEY, {THIN: "whsec_a"}),
    (SECRETS, {KEY: TEST}),
    (SECRETS, {KEY: TEST, SECRETS: ","}),
    (SECRETS, {KEY: TEST, SECRETS: "whsec_a,"}),
    (SECRETS, {KEY: TEST, SECRETS: "whsec_"}),
    (SECRETS, {KEY: TEST, SECRETS: "a secret of something else"}),
    (THIN, {KEY: TEST, SECRETS: "whsec_a", THIN: "whsec_a,,whsec_b"}),
    (SANDBOX, {KEY: LIVE, SECRETS: "whsec_a", SANDBOX: "true"}),
    (SANDBOX, {KEY: TEST, SECRETS: "whsec_a", SANDBOX: "true"}),
    (BASE, {KEY: LIVE, SECRETS: "whsec_a", BASE: "http://127.0.0.1:12111"}),
    (BASE, {BASE: "http://127.0.0.1:12111"}),
    (BASE, {KEY: TEST, SECRETS: "whsec_a", BASE: "127.0.0.1"}),
]


@pytest.mark.parametrize(("name", "environment"), WRONG)
def test_a_wrong_setting_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, environment: dict[str, Any]
) -> None:
    with pytest.raises(WrongSetting, match=f"^BURSAR_{name}:") as raised:
        loaded(monkeypatch, **environment)

    assert not any(value in str(raised.value) for value in environment.values() if len(value) > 6)
