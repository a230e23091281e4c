"""What GitHub and MkDocs do not read alike: links that leave docs/, what is nested in a numbered list, and bars in
tables; and that nothing is fetched from elsewhere.

Hooks of MkDocs, named in mkdocs.yml. They change what is built, never the pages, which read well on GitHub as they are.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

log = logging.getLogger("mkdocs.hooks.docs")

CODE_OR_LINK = re.compile(
    r"(?P<code>^ *```.*?^ *```|`[^`\n]+`)|\]\((?P<path>\.\./[^)#\s]*)(?P<anchor>#[^)\s]*)?\)", re.M | re.S
)
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]* src(?:set)?=["']?https?://[^>]*>|"""
    r"""<link\b(?=[^>]* rel=["']?(?:stylesheet|preconnect|preload|icon))[^>]* href=["']?https?://[^>]*>"""
)
CODE_IN_ROW = re.compile(r"^ *\|.*`.*$", re.M)
FENCE_OR_NESTED = re.compile(r"(?P<fence>^```.*?^```)|^ {3}(?P<line>\S[^\n]*)(?P<number>\n(?=\d+\. ))?", re.M | re.S)


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Called with the text of each page; ``extra.repository`` of the configuration is the repository's address."""
    here = (Path(config.docs_dir) / page.file.src_uri).parent
    return barred(nested(led_on(markdown, here, Path(config.docs_dir).parent, config.extra["repository"])))


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Called with each page as it is written: the site works in a network that has no way out."""
    for tag in fetched(output):
        log.warning("%s fetches from elsewhere: %s", page.file.src_uri, tag)
    return output


def fetched(html: str) -> list[str]:
    return FETCHED.findall(html)


def led_on(markdown: str, here: Path, root: Path, repository: str) -> str:
    """Links to files of the repository that are not on the site lead to GitHub. One that is not there is a warning,
    which fails with ``--strict``; its anchors are looked at by tests/test_documents.py."""

    def link(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        target = (here / found["path"]).resolve()
        if not target.exists():
            log.warning("A link of %s leads to %s, which is not there", here, found["path"])
            return found[0]
        kind = "tree" if target.is_dir() else "blob"
        return f"]({repository}/{kind}/HEAD/{target.relative_to(root).as_posix()}{found['anchor'] or ''})"

    return CODE_OR_LINK.sub(link, markdown)


def nested(markdown: str) -> str:
    """Below ``1. `` three blanks nest on GitHub (CommonMark: as many as the number takes), and four for MkDocs, which
    wants an empty line before the next number, too."""

    def widened(found: re.Match[str]) -> str:
        return found["fence"] or f"    {found['line']}{2 * (found['number'] or '')}"

    return FENCE_OR_NESTED.sub(widened, markdown)


def barred(markdown: str) -> str:
    r"""``\|`` in the code of a table is a bar on GitHub; MkDocs shows the stroke, and needs none there."""
    return CODE_IN_ROW.sub(lambda row: re.sub(r"`[^`\n]+`", lambda code: code[0].replace(r"\|", "|"), row[0]), markdown)
