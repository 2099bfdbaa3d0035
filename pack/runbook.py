"""The runbook as one HTML page, which monitoring interfaces link to.

It needs nothing beside it, so that a site can serve it from anywhere.
"""

import re
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions.toc import TocExtension

from check_ipsec import __version__
from pack.manual import PACKAGE

SOURCE = Path(__file__).resolve().parent.parent / "doc/runbook.md"
# where the shipped snippets for web servers have it
ADDRESS = "/ipsec-runbook/runbook.html"
LISTINGS = re.compile(r"(?s)(?<=<pre><code>).*?(?=</code></pre>)")

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>IPsec runbook</title>
<style>
:root {{ --text: #1b1b1b; --page: #fff; --code: #f0f0f0; --link: #0645ad; --here: #ffe9a8 }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #ddd; --page: #161616; --code: #2a2a2a; --link: #8ab4f8; --here: #5a4708 }}
}}
body {{
  max-width: 44rem; margin: 0 auto; padding: 0 1rem 3rem; overflow-wrap: break-word;
  font: 100%/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
}}
h1, h2, h3, h4 {{ line-height: 1.25; margin: 1.8em 0 .5em }}
h1 {{ margin-top: .5em }}
h2 {{ border-bottom: 1px solid; padding-bottom: .2em }}
:target {{ background: var(--here) }}
h3:has(> :target) {{ background: var(--here) }}
a {{ color: var(--link) }}
code {{ font: .875em/1.5 ui-monospace, monospace; background: var(--code); padding: 0 .2em }}
pre {{ background: var(--code); padding: .6em .8em; white-space: pre-wrap }}
pre code {{ padding: 0 }}
pre span {{ display: block; padding-left: 2em; text-indent: -2em; overflow-wrap: anywhere }}
summary {{ cursor: pointer; padding: .4em 0 }}
.toc ul {{ margin: 0; padding-left: 1.2em }}
.toc a {{ display: inline-block; padding: .15em 0 }}
footer {{ margin-top: 3em; font-size: .875em }}
</style>
</head>
<body>
<details>
<summary>Contents</summary>
{contents}</details>
<main>
{text}
</main>
<footer>{package} {version}</footer>
</body>
</html>
"""


def page() -> str:
    """The whole page."""
    contents, text = converted(SOURCE.read_text())
    return PAGE.format(contents=contents, text=LISTINGS.sub(lines_apart, text),
                       package=PACKAGE, version=__version__)  # fmt: skip


def converted(text: str) -> tuple[str, str]:
    """A list of links to the headings, and the text with anchors at them."""
    converter: Any = Markdown(extensions=[TocExtension(slugify=anchor, toc_depth="2-4")])
    html = converter.convert(text)
    return converter.toc, html


def anchor(heading: str, _separator: str) -> str:
    """The anchor of a heading, as check_ipsec names it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def lines_apart(listing: re.Match[str]) -> str:
    """Each line by itself, so that one that is too wide does not look like two."""
    return "".join(f"<span>{line}</span>" for line in listing[0].splitlines(keepends=True))
