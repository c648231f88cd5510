"""The looks of our pages: colours for light and dark, letters, tables; and what the status page has of its own."""

from __future__ import annotations

SIGNS = {"good": "✓", "warn": "!", "bad": "✕", "idle": "○"}
"""What stands beside a colour, which is never alone."""

SHARED = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #f6f7f9; --card: #fff; --line: #d8dee4;
  --good: #116329; --good-back: #dafbe1; --warn: #7a4d00; --warn-back: #fff4d1; --bad: #a40e26; --bad-back: #ffebe9;
  --idle: #57606a; --idle-back: #eaeef2; --bar: #bc4c00; --link: #0550ae }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9ea7b1; --paper: #0d1117; --card: #161b22; --line: #30363d; --good: #56d364;
    --good-back: #12261e; --warn: #e3b341; --warn-back: #2b2413; --bad: #ff8e87; --bad-back: #33181c;
    --idle: #9ea7b1; --idle-back: #21262d; --bar: #f0883e; --link: #79b8ff }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2 }
p { margin: 0 0 .75rem }
a { color: var(--link) }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.soft { color: var(--soft) }
.good { color: var(--good); background: var(--good-back) }
.warn { color: var(--warn); background: var(--warn-back) }
.bad { color: var(--bad); background: var(--bad-back) }
.idle { color: var(--idle); background: var(--idle-back) }
.tag { display: inline-block; margin: 0 .25rem .25rem 0; padding: 0 .5rem; border-radius: 1rem;
  max-width: 100%; vertical-align: top }
table { width: 100%; border-collapse: collapse; font-size: .9375rem }
th { text-align: left; font-weight: 600; color: var(--soft) }
th, td { padding: .6rem .9rem; vertical-align: top; border-top: 1px solid var(--line) }
thead th { border-top: 0 }
.card, .panel { border: 1px solid var(--line); border-radius: .75rem; background: var(--card) }
.card { padding: 1rem 1.25rem }
.panel { overflow: hidden }
"""

_OWN = """
body > * { max-width: 64rem; margin-inline: auto; padding-inline: 1.25rem }
header { padding-block: 2rem .5rem }
h2 { margin: 2rem 0 .5rem; font-size: 1.35rem }
h3 { margin: 1.75rem 0 .75rem; font-size: 1rem; color: var(--soft) }
h4 { margin: 0; font-size: 1rem }
.answer { font-size: 1.125rem }
.cards, .days, .bars { margin: 0; padding: 0; list-style: none }
.days { display: flex; flex-wrap: wrap; gap: .5rem }
.days li { flex: 0 1 9.5rem; min-width: 8rem; padding: .5rem .75rem; border-radius: .5rem;
  border-top: 4px solid currentColor }
.days time { display: block; font-variant-numeric: tabular-nums; color: var(--ink) }
.days small { display: block; color: var(--ink) }
.word { font-weight: 600; white-space: nowrap }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)) }
.big { margin: .25rem 0 .75rem; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums }
.big small { font-size: 1rem; font-weight: 400; color: var(--soft) }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0 }
dt { color: var(--soft) }
dt.part { padding-left: 1rem }
dd { margin: 0; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.last { margin: .75rem 0 0 }
.bars li { display: grid; grid-template-columns: minmax(7rem, 10rem) 1fr 2.5rem; gap: .75rem; align-items: center }
.bars svg { display: block; width: 100%; height: .75rem; fill: var(--bar) }
.bars b { text-align: right; font-variant-numeric: tabular-nums }
.panel.bars { padding: 1rem 1.25rem }
.when, .took, .where { white-space: nowrap; font-variant-numeric: tabular-nums }
.where { max-width: 14rem; overflow: hidden; text-overflow: ellipsis }
.why { margin: .25rem 0 0 }
td > div { min-width: 0 }
td:last-child { overflow-wrap: anywhere }
.why code { font: .8125rem/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace }
footer { padding-block: 1rem 3rem }
footer dt { font-weight: 600; color: var(--ink) }
footer dd { text-align: left; white-space: normal }
@media (max-width: 44rem) {
  table, tbody, tr, td { display: block }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  tr { padding: .75rem 1rem; border-top: 1px solid var(--line) }
  tbody tr:first-child { border-top: 0 }
  td { display: grid; grid-template-columns: 5rem 1fr; gap: .5rem; padding: .1rem 0; border: 0 }
  td::before { content: attr(data-label); color: var(--soft) }
  footer dl { display: block }
  .days li { flex: 1 1 8rem }
}
@media print {
  :root { color-scheme: light; --paper: #fff }
  body { font-size: 11pt }
  .days li, .card, tr { break-inside: avoid }
  a { color: inherit }
}
"""

STYLE = SHARED + _OWN
