/** The page's style: a sequence diagram on a wide screen, a list on a phone; light or dark, as the browser is set. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #1a1f29; --quiet: #586173; --rule: #d5dae3;
  --accent: #2456c9; --good: #17693a; --bad: #b3261e; --bad-ground: #fdf0ef; --hash-ground: #eef1f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151b; --card: #1b2029; --ink: #e8ebf1; --quiet: #a3acbd; --rule: #3a4352;
    --accent: #8fb2ff; --good: #7fd6a0; --bad: #ff9d94; --bad-ground: #3a2022; --hash-ground: #2a313e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 64rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; }
h2 { margin: 0; font-size: 1.1rem; }
small { font-weight: normal; font-size: inherit; color: var(--quiet); }
p { margin: 0; }
ol { list-style: none; margin: 0; padding: 0; }
.top { display: grid; gap: .4rem; margin-bottom: 1.5rem; }
.top p, .empty { color: var(--quiet); }
.top strong { color: var(--ink); }
#flows { display: grid; gap: .5rem; }
#flows:not(:empty) + .empty { display: none; }
code { font: .9em ui-monospace, monospace; }
.hash { padding: .1em .35em; border-radius: .25rem; background: var(--hash-ground); }
.flow {
  border: 1px solid var(--rule); border-left: .3rem solid var(--accent);
  border-radius: .5rem; background: var(--card);
}
.flow.ok { border-left-color: var(--good); }
.flow.failed, .flow.refused { border-left-color: var(--bad); }
.steps { padding: 0 1rem; }
.steps[open] { padding-bottom: 1rem; }
.steps > summary {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .75rem; width: auto; margin: 0 -1rem;
  padding: .5rem 1rem; color: var(--ink); list-style: none;
}
.steps > summary::-webkit-details-marker { display: none; }
.steps > summary::before { content: '▸'; color: var(--quiet); }
.steps[open] > summary::before { content: '▾'; }
.when { margin-left: auto; color: var(--quiet); }
.why { flex-basis: 100%; font-size: .875rem; }
.steps[open] > summary .why { display: none; }
.status { color: var(--accent); }
.ok .status { color: var(--good); }
.failed .status, .refused .status, .bad .label { color: var(--bad); }
.failure {
  display: grid; gap: .4rem; margin-top: .25rem; padding: .75rem; border-radius: .4rem;
  border: 1px solid var(--bad); background: var(--bad-ground);
}
.lanes { display: none; }
.diagram { margin-top: .75rem; }
.line { padding: .5rem 0; border-top: 1px solid var(--rule); }
.label { font-size: .9rem; }
.route { font-weight: 600; }
.label small { white-space: nowrap; }
.arrow { display: none; }
.line details { font-size: .875rem; }
summary { width: fit-content; padding: .15rem 0; color: var(--accent); cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
dl { margin: .25rem 0 .5rem; }
dl > div { display: grid; grid-template-columns: minmax(0, 11rem) minmax(0, 1fr); gap: 0 .75rem; padding: .15rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
@media (max-width: 30rem) {
  .steps > summary { gap: 0 .5rem; padding-inline: .75rem; font-size: .8125rem; }
  h2 { font-size: .9375rem; }
}
@media (max-width: 26rem) { dl > div { grid-template-columns: minmax(0, 1fr); } }

@media (min-width: 48rem) {
  .lanes, .line { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); }
  .lanes { margin-top: 1rem; font-size: .875rem; font-weight: 600; text-align: center; }
  .lanes span { grid-column: span 2; justify-self: center; padding: .2rem .75rem; border: 1px solid var(--rule); border-radius: 1rem; }
  .diagram {
    margin: 0;
    background:
      linear-gradient(var(--rule), var(--rule)) 12.5% 0 / 1px 100% no-repeat,
      linear-gradient(var(--rule), var(--rule)) 37.5% 0 / 1px 100% no-repeat,
      linear-gradient(var(--rule), var(--rule)) 62.5% 0 / 1px 100% no-repeat,
      linear-gradient(var(--rule), var(--rule)) 87.5% 0 / 1px 100% no-repeat;
  }
  .line { border: 0; padding: .4rem 0 .2rem; }
  .route { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .label, .arrow, details { grid-column: 2 / 4; }
  .lanes-0-1 > * { grid-column: 2 / 4; }
  .lanes-0-2 > * { grid-column: 2 / 6; }
  .lanes-1-2 > * { grid-column: 4 / 6; }
  .lanes-1-3 > * { grid-column: 4 / 8; }
  .label {
    justify-self: center; position: relative; padding: 0 .4rem; text-align: center; font-size: .8125rem;
    line-height: 1.35; background: var(--card);
  }
  .arrow { display: block; position: relative; height: 2px; margin: .25rem 2px; background: var(--accent); }
  .arrow::after {
    content: ''; position: absolute; top: -4px; border: 5px solid transparent;
  }
  .to-right .arrow::after { right: 0; border-left-color: var(--accent); border-right: 0; }
  .to-left .arrow::after { left: 0; border-right-color: var(--accent); border-left: 0; }
  .bad .arrow { background: var(--bad); }
  .bad.to-right .arrow::after { border-left-color: var(--bad); }
  .bad.to-left .arrow::after { border-right-color: var(--bad); }
  .note > * { grid-column: 3 / 5; }
  .note .arrow { display: none; }
  .note .label { padding: .2rem .6rem; border: 1px solid var(--rule); border-radius: .4rem; background: var(--card); justify-self: center; }
  .note.bad .label { border-color: var(--bad); background: var(--bad-ground); }
  .line details { justify-self: center; background: var(--card); padding: 0 .4rem; }
  .line summary { margin: 0 auto; }
  .line > details[open] { grid-column: 1 / -1; justify-self: stretch; margin: .25rem 0; padding: .25rem .75rem; border: 1px solid var(--rule); border-radius: .4rem; }
}
@media (forced-colors: active) {
  .arrow { background: CanvasText; }
}
`
