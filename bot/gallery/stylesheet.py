"""How the gallery looks: Slack's sizes, spaces and colours, light and dark, on wide and on narrow screens."""

from __future__ import annotations

_LIGHT = """
--ground: #fff; --ink: #1d1c1d; --grey: #616061; --line: #dddddd; --link: #1264a3; --box: #f8f8f8;
--mention: #e8f5fa; --code: #c01343; --primary: #007a5a; --danger: #e01e5a; --only: #f8f8f8; --broadcast: #fefbf0;
--button: #fff; --edge: rgba(29, 28, 29, .3); --tag: #e8e8e8; --shade: rgba(0, 0, 0, .12);
"""
_DARK = """
--ground: #1a1d21; --ink: #d1d2d3; --grey: #ababad; --line: #35373b; --link: #4aa3df; --box: #222529;
--mention: #1d3a47; --code: #e8912d; --primary: #007a5a; --danger: #e01e5a; --only: #212428; --broadcast: #2a2718;
--button: #1a1d21; --edge: rgba(209, 210, 211, .35); --tag: #35373b; --shade: rgba(0, 0, 0, .5);
"""

STYLE = f"""
:root {{ color-scheme: light; {_LIGHT} }}
:root[data-theme=dark] {{ color-scheme: dark; {_DARK} }}
@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ color-scheme: dark; {_DARK} }} }}
* {{ box-sizing: border-box; }}
html {{ background: var(--ground); }}
body {{ margin: 0 auto; max-width: 820px; padding: 0 20px 80px; background: var(--ground); color: var(--ink);
  font: 15px/1.466 Lato, "Slack-Lato", "Helvetica Neue", Helvetica, Arial, "Noto Color Emoji", sans-serif; }}
h1 {{ font-size: 28px; margin: 32px 0 8px; line-height: 1.2; }}
h2 {{ font-size: 20px; margin: 56px 0 4px; padding-top: 12px; border-top: 1px solid var(--line); }}
h3 {{ font-size: 13px; font-weight: 700; margin: 28px 0 4px; color: var(--grey); }}
h3 span {{ font-weight: 400; }}
a {{ color: var(--link); text-decoration: none; }}
a:hover {{ text-decoration: underline; }}
nav {{ columns: 2; column-gap: 32px; font-size: 14px; margin: 16px 0; }}
nav a {{ display: block; padding: 2px 0; }}
p.said {{ margin: 2px 0 0 44px; color: var(--grey); font-size: 12px; line-height: 1.4; overflow-wrap: anywhere; }}

.message {{ display: grid; grid-template-columns: 36px minmax(0, 1fr); column-gap: 8px; padding: 8px 0; }}
.avatar {{ width: 36px; height: 36px; border-radius: 8px; background: #4a154b; color: #fff; display: grid;
  place-items: center; font-size: 18px; font-weight: 700; }}
.who b {{ font-weight: 900; }}
.who i {{ font: 700 10px/14px inherit; font-size: 10px; font-style: normal; background: var(--tag); color: var(--grey);
  border-radius: 2px; padding: 1px 3px; margin: 0 4px; vertical-align: 1px; }}
.who time, .hint {{ color: var(--grey); font-size: 12px; }}
.hint {{ grid-column: 2; line-height: 18px; }}
.message .avatar {{ grid-column: 1; grid-row: 1 / span 2; }}
.message .hint ~ .avatar {{ grid-row: 2 / span 2; }}
.body, .who {{ grid-column: 2; min-width: 0; overflow-wrap: anywhere; }}
.thread, .broadcast {{ margin-left: 44px; }}
.thread .avatar, .broadcast .avatar {{ width: 24px; height: 24px; border-radius: 6px; font-size: 13px; }}
.thread, .broadcast {{ grid-template-columns: 24px minmax(0, 1fr); }}
.only {{ background: var(--only); margin: 0 -12px; padding: 8px 12px; border-radius: 6px; }}
.broadcast {{ background: var(--broadcast); padding: 8px 12px; border-radius: 6px; }}

.section {{ margin: 2px 0 4px; white-space: pre-wrap; }}
.context {{ color: var(--grey); font-size: 13px; line-height: 18px; margin: 4px 0; }}
.context span {{ display: inline; }}
.context > span + span {{ display: block; margin-top: 2px; }}
.mention {{ background: var(--mention); color: var(--link); border-radius: 3px; padding: 0 2px 1px; }}
code {{ font: 12px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; color: var(--code); background: var(--box);
  border: 1px solid var(--line); border-radius: 3px; padding: 1px 3px; overflow-wrap: anywhere; }}
pre {{ font: 12px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; background: var(--box);
  border: 1px solid var(--line); border-radius: 4px; padding: 8px; margin: 4px 0; white-space: pre-wrap; }}
.container, .plan {{ border: 1px solid var(--line); border-radius: 12px; max-width: 640px; margin: 6px 0;
  padding: 8px 12px; }}
.container > summary, .plan > summary {{ font-weight: 700; cursor: pointer; }}
.container[open] > summary {{ margin-bottom: 6px; }}
.plan ol {{ list-style: none; margin: 6px 0 0; padding: 0; }}
.plan li {{ padding: 2px 0; }}
.plan li i {{ display: inline-block; width: 18px; height: 18px; margin-right: 8px; border-radius: 50%;
  text-align: center;
  font: 700 12px/18px sans-serif; color: var(--grey); }}
.plan li.complete i {{ background: var(--primary); color: #fff; }}
.plan li.error i {{ background: var(--danger); color: #fff; }}
.plan li.in_progress {{ font-weight: 700; }}
.plan li.in_progress i {{ font-size: 18px; color: var(--link); }}
.plan .detail {{ color: var(--grey); margin-left: 8px; font-size: 13px; font-weight: 400; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin: 6px 0; font-size: 14px; }}
td, th {{ border: 1px solid var(--line); padding: 4px 10px; text-align: left; vertical-align: top; min-width: 96px;
  overflow-wrap: break-word; }}
td:last-child {{ min-width: 200px; }}
th {{ background: var(--box); }}
.chart {{ border: 1px solid var(--line); border-radius: 12px; max-width: 640px; margin: 6px 0; padding: 8px 12px; }}
.chart ol {{ list-style: none; display: flex; gap: 4px; align-items: flex-end; margin: 12px 0 4px; padding: 0; }}
.chart li {{ flex: 1; min-width: 0; text-align: center; }}
.chart li i {{ display: inline-block; width: 8px; margin: 0 1px; border-radius: 2px 2px 0 0; }}
.chart small {{ display: block; color: var(--grey); font-size: 11px; border-top: 1px solid var(--line); }}
.chart p {{ margin: 6px 0 0; color: var(--grey); font-size: 12px; }}
.chart p i {{ display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 4px 0 8px; }}
.s0 {{ background: #1264a3; }} .s1 {{ background: #2eb67d; }} .s2 {{ background: #ecb22e; }}
.s3 {{ background: #e01e5a; }} .s4 {{ background: #7c3085; }} .s5 {{ background: #868686; }}
.actions {{ display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0 4px; align-items: flex-start; }}
.button {{ display: inline-block; border: 1px solid var(--edge); border-radius: 4px; padding: 0 12px; min-height: 28px;
  font: 700 13px/26px inherit; font-size: 13px; line-height: 26px; font-weight: 700; background: var(--button);
  cursor: pointer; list-style: none; }}
.button::-webkit-details-marker {{ display: none; }}
.button.primary {{ background: var(--primary); border-color: var(--primary); color: #fff; }}
.button.danger {{ background: var(--danger); border-color: var(--danger); color: #fff; }}
.ask {{ max-width: 100%; }}
.dialog {{ border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 4px 16px var(--shade); padding: 12px 16px;
  margin: 6px 0 2px; max-width: 380px; list-style: none; }}
.dialog p {{ margin: 6px 0 0; }}
.dialog .choice {{ display: flex; gap: 8px; justify-content: flex-end; margin-top: 12px; }}
.reactions span {{ display: inline-block; border: 1px solid var(--line); background: var(--box); border-radius: 12px;
  padding: 0 8px; font-size: 12px; line-height: 22px; }}
.modal {{ max-width: 520px; border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 4px 16px var(--shade);
  overflow-wrap: anywhere; }}
.modal .head, .modal .foot {{ display: flex; gap: 8px; align-items: center; padding: 12px 20px; }}
.modal .head {{ border-bottom: 1px solid var(--line); font-size: 18px; }}
.modal .head i {{ font-style: normal; }}
.modal .head b {{ flex: 1; font-weight: 900; }}
.modal .head span {{ color: var(--grey); }}
.modal .foot {{ border-top: 1px solid var(--line); justify-content: flex-end; }}
.modal .inside {{ padding: 12px 20px; }}
.modal .field {{ margin: 12px 0; }}
.modal .field > i, .modal .empty, .modal .hint, .modal small {{ color: var(--grey); font-style: normal; }}
.modal .hint, .modal .error {{ margin: 4px 0 0; font-size: 13px; }}
.modal .error {{ color: var(--danger); }}
.modal .entry {{ display: flex; justify-content: space-between; min-height: 36px; padding: 6px 12px; margin-top: 4px;
  border: 1px solid var(--edge); border-radius: 4px; cursor: pointer; }}
.modal .tick i {{ font-style: normal; }}
.replies {{ margin-left: 44px; color: var(--link); font-size: 13px; font-weight: 700; }}
@media (max-width: 520px) {{
  body {{ padding: 0 12px 60px; }}
  nav {{ columns: 1; }}
  .thread, .broadcast {{ margin-left: 12px; }}
  p.said {{ margin-left: 0; }}
}}
"""
