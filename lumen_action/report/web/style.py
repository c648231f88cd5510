"""The looks of reports and their index: laptop, phone and paper."""

from __future__ import annotations

from lumen_action.report.style import SHARED

STYLE = (
    SHARED
    + """
:root { --good-bar: #3b8f57; --rest-bar: #8b949e }
@media screen and (prefers-color-scheme: dark) { :root { --good-bar: #3fa45f; --rest-bar: #768390 } }
html { scroll-padding-top: 1rem }
body { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Apple SD Gothic Neo", "Malgun Gothic",
  "Noto Sans KR", "Noto Sans CJK KR", NanumGothic, sans-serif;
  max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 3rem }
:lang(ko) { word-break: keep-all }
.skip { position: absolute; left: -100vw }
.skip:focus { left: 1.25rem; top: .5rem; padding: .25rem .75rem; background: var(--card); z-index: 1 }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
main:focus { outline: none }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; line-height: 1.3 }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; color: var(--soft) }
.up { margin: 0 0 1rem; font-size: .9375rem }
header .soft { margin: .25rem 0 1.25rem }
.answer { display: flex; gap: .375rem; margin: 0; padding: 1rem 1.25rem; border-left: .375rem solid currentColor;
  border-radius: .25rem .75rem .75rem .25rem; font-size: 1.3125rem; line-height: 1.45 }
.answer span:last-child { min-width: 0; color: var(--ink) }
.answer.plain { border-color: var(--link); background: var(--card) }
.sign { font-weight: 700 }
.note { padding: .5rem 1rem; border-radius: .5rem }
nav { margin-top: 1.5rem; font-size: .9375rem }
nav h2 { margin: 0 0 .5rem; font-size: .9375rem; color: var(--soft) }
nav ol { display: flex; flex-wrap: wrap; gap: .375rem 1.25rem; margin: 0; padding: 0; list-style: none }
nav li { min-width: 0 }
nav a { display: inline-block; padding: .125rem 0 }
.panel { margin: 0 0 1.25rem; overflow-x: auto }
caption, .name { padding: .75rem .9rem .5rem; text-align: left; font-weight: 600; font-size: .9375rem }
thead th { font-weight: 500; font-size: .875rem; vertical-align: bottom; padding-block: .6rem .4rem }
tbody th { color: var(--ink); font-weight: 600 }
.num { text-align: right; font-variant-numeric: tabular-nums }
td.num, .short { white-space: nowrap }
.sparse { width: auto }
.long { min-width: 9rem; overflow-wrap: anywhere; word-break: normal }
td .tag, th .tag { margin: 0; font-weight: 600; border-radius: .75rem }
code { font: .8125rem/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
.bullets { margin: 0 0 1.25rem; padding-left: 1.25rem }
.bullets li { margin: 0 0 .375rem; overflow-wrap: anywhere }
.bullets .tag { margin: 0; border-radius: .75rem }
.bullets .toned { list-style: none; margin-left: -1.25rem }
.nothing { padding: 0 .9rem; color: var(--soft) }
figure.panel { padding: 0 0 .25rem }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem .9rem .25rem; padding: 0;
  list-style: none; font-size: .875rem }
.legend li { display: flex; gap: .5rem; align-items: center; min-width: 0; overflow-wrap: anywhere }
.legend svg { flex: none }
.drawing { display: block; width: 100%; margin: 0 auto; padding: .25rem .9rem }
.small { display: none }
text { fill: var(--soft); font-variant-numeric: tabular-nums }
text.end { text-anchor: end }
text.middle { text-anchor: middle }
text.end-label { fill: currentColor; font-weight: 600 }
svg .plain { color: var(--link) }
svg.plain { color: var(--link); background: none }
svg.good, svg.warn, svg.bad, svg.idle { background: none }
.grid, .zero { stroke: var(--line); fill: none }
.zero { stroke: var(--soft) }
.line { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linejoin: round }
.dot, .legend circle, .legend path { fill: currentColor }
.legend path.line { fill: none; stroke-width: 2 }
.area { fill: currentColor; opacity: .12 }
pattern rect { fill: currentColor; stroke: none }
pattern path { stroke: var(--card) }
pattern circle { fill: var(--card); stroke: none }
svg .bar.good { color: var(--good-bar) }
svg .bar.idle { color: var(--rest-bar) }
.bar { stroke: var(--card) }
details { border-top: 1px solid var(--line); margin-top: .5rem }
summary { padding: .5rem .9rem; color: var(--link); font-size: .875rem; cursor: pointer }
details table { font-size: .875rem }
details th, details td { padding-block: .25rem }
.reports, .forms { margin: 0; padding: 0; list-style: none }
.reports { display: grid; gap: .75rem }
.reports p { margin: 0 0 .5rem; overflow-wrap: anywhere }
.head { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline }
.head .tag { margin: 0; font-weight: 600 }
.forms { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .875rem }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .9375rem }
@media print, (min-width: 48rem) {
  .sparse th:first-child { min-width: 10rem }
  .sparse .num { min-width: 7.5rem }
  .head .tag { margin-left: auto }
}
@media screen and (min-width: 76rem) {
  body:has(nav) { max-width: 78rem }
  .columns { display: grid; grid-template-columns: 13rem minmax(0, 1fr); column-gap: 2.5rem }
  nav { align-self: start; position: sticky; top: 1rem; margin-top: 2.5rem }
  nav ol { display: block }
}
@media screen and (max-width: 48rem) {
  .drawing { max-width: 32rem }
  .broad { display: none }
  .drawing.small { display: block }
  .legend.small { display: flex }
  body { padding: 1.25rem 1rem 2rem }
  h1 { font-size: 1.5rem }
  .answer { padding: .875rem 1rem; font-size: 1.1875rem }
  .drawing { padding-inline: .75rem }
}
@media screen and (max-width: 60rem) {
  .apart, .apart caption, .apart tbody { display: block }
  .apart thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .apart tr { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: .75rem .9rem;
    border-top: 1px solid var(--line) }
  .apart .unseen ~ tbody tr:first-child { border-top: 0 }
  .apart th, .apart td { display: block; white-space: normal; padding: 0; border: 0; text-align: left;
    min-width: 0; max-width: 100% }
  .apart th, .apart .long { flex: 1 0 100%; min-width: 0 }
  .apart td::before { content: attr(data-label) " "; color: var(--soft); font-size: .875rem }
}
@media print {
  @page { size: A4; margin: 16mm 15mm }
  :root { --paper: #fff }
  html { font-size: 10pt }
  body { max-width: none; padding: 0; font-size: 1rem; line-height: 1.4 }
  .skip, nav, .up, details { display: none }
  h1 { font-size: 18pt }
  h2 { margin: 14pt 0 5pt; font-size: 12.5pt; break-after: avoid }
  .answer { font-size: 13pt }
  table { font-size: 9pt }
  th, td, caption, .name, .legend { padding: 3pt 6pt }
  .legend { margin: 0 }
  thead { display: table-header-group }
  tr, figure, .card, .answer, .note, li { break-inside: avoid }
  .short { white-space: normal }
  .panel { overflow: visible; border-radius: 0; border-width: 1px 0 }
  a { color: inherit; text-decoration: underline }
  .answer, .tag, .note, svg { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
"""
)
