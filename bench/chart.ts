import { CONTESTANTS, NAMES } from './apps/index.js'
import type { Name } from './apps/index.js'
import type { Operation } from './load.js'
import { ratio } from './ratio.js'
import type { Results } from './results.js'

const PANELS: readonly (readonly [Operation, string])[] = [
  ['login', 'Login route'],
  ['whole', 'Whole login'],
  ['fresh', 'Request with a fresh token'],
  ['refresh', 'Request that refreshes'],
]

const WIDTH = 1040
const LABEL_WIDTH = 550
const BAR_HEIGHT = 16
const ROW_HEIGHT = 23
const PANEL_HEAD = 44

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .head { font-weight: 600; font-size: 15px }
  .note { fill: #59636e; font-size: 12px }
  .page { fill: #ffffff }
  .ours { fill: #0969da }
  .other { fill: #8c959f }
  .range { stroke: #1f2328; stroke-width: 1 }
  .bare { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .page { fill: #0d1117 }
    .ours { fill: #4493f8 }
    .other { fill: #656c76 }
    .range { stroke: #f0f6fc }
    .bare { stroke: #9198a1 }
  }`

/** The CPU time of all operations as bars, as SVG that suits light and dark pages. */
export function chart(results: Results): string {
  const others = NAMES.filter((name) => name !== 'bare')
  const shown = PANELS.map(([operation, heading]) => {
    const names = others.filter((name) => operation !== 'refresh' || CONTESTANTS[name].refreshes)
    return { operation, heading, names }
  })
  const spreads = shown.flatMap(({ operation, names }) =>
    names.map((name) => ratio(results, name, operation, 'cpuMicroseconds')),
  )
  const scale = (WIDTH - LABEL_WIDTH - 70) / Math.max(...spreads.map(({ greatest }) => greatest))
  const panelHeight = PANEL_HEAD + others.length * ROW_HEIGHT
  const height = PANELS.length * panelHeight + 40
  const panels = shown.map(({ operation, heading, names }, index) =>
    panel(results, names, operation, heading, index * panelHeight, scale),
  )
  const note = 'Median of the rounds, and from the least to the greatest. Less is better.'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="CPU time of each operation, as a multiple of hand-written handlers’">
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
${panels.join('\n')}
<text class="note" x="16" y="${height - 14}">CPU time, × bare (hand-written handlers, dashed). ${note}</text>
</svg>
`
}

function panel(
  results: Results,
  names: readonly Name[],
  operation: Operation,
  heading: string,
  top: number,
  scale: number,
): string {
  const first = top + PANEL_HEAD
  const rows = names.map((name, index) => {
    const { median, least, greatest } = ratio(results, name, operation, 'cpuMicroseconds')
    const y = first + index * ROW_HEIGHT
    const middle = y + BAR_HEIGHT / 2
    const kind = CONTESTANTS[name].packages.length === 0 ? 'ours' : 'other'
    const x = (value: number): string => (LABEL_WIDTH + value * scale).toFixed(1)
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${middle + 4.5}" text-anchor="end">${CONTESTANTS[name].title}</text>`,
      `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${(median * scale).toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<path class="range" d="M${x(least)} ${middle}H${x(greatest)}"/>`,
      `<text x="${Number(x(greatest)) + 8}" y="${middle + 4.5}">${median.toFixed(2)}</text>`,
    ].join('')
  })
  const bare = (LABEL_WIDTH + scale).toFixed(1)
  const bottom = first + names.length * ROW_HEIGHT - 4
  return [
    `<text class="head" x="16" y="${top + 30}">${heading}</text>`,
    ...rows,
    `<path class="bare" d="M${bare} ${first - 6}V${bottom}"/>`,
  ].join('\n')
}
