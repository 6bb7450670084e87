"""The page at /: one file, nothing from elsewhere, in two languages."""

import re

import pytest
from asked import ask


@pytest.mark.parametrize(("query", "code"), [("", "en"), ("?lang=fr", "fr"), ("?lang=xx", "en")])
def test_the_page_is_one_file_in_the_language_asked_for(query, code):
    found = ask("GET", "/" + query, headers={})
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/html")
    assert f'<html lang="{code}">' in found.text
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", found.text)
    assert not re.search(r"\son[a-z]+=", found.text)  # its policy would not let them run


def test_a_reader_of_french_is_shown_french():
    plain, french = ask("GET", "/", headers={}), ask("GET", "/", headers={"accept-language": "fr-FR,fr;q=0.9"})
    assert french.headers["content-language"] == "fr"
    assert plain.text != french.text


def test_the_policy_names_the_page_s_own_script_and_style_alone():
    import base64
    import hashlib

    found = ask("GET", "/", headers={})
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", found.text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_docs_show_every_route_with_its_fields_and_examples():
    found = ask("GET", "/docs", headers={})
    assert found.status_code == 200
    for shown in ("/v1/estimate/batch", "/calculate-raw", "/health", "audio_seconds", "hardware.eta_cpu"):
        assert shown in found.text
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", found.text)
