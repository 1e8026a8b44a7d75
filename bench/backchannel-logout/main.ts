/**
 * One person has logged in many times, half of these logins were logged out again, and then the provider posts one
 * logout token that ends all the others. Shows how long that takes, how long others wait meanwhile, and whether the
 * memory returns to its level. Exits with 1 if a login is left, or if somebody waited longer than 50 ms, and longer
 * than while nothing was going on.
 *
 *     npm run bench:backchannel-logout -- --logins 50000
 */
import { parseArgs } from 'node:util'
import { killAll } from '../processes.js'
import { measureLogout, STORES } from './measure-logout.js'
import type { Measured } from './measure-logout.js'

const { values } = parseArgs({
  options: { logins: { type: 'string', default: '50000' }, store: { type: 'string' } },
})

/** How long another request may be delayed, in **milliseconds**. */
const LONGEST_WAIT_MS = 50

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

let isGood = true
for (const store of STORES.filter((one) => values.store === undefined || one === values.store)) {
  const measured = await measureLogout(store, Number(values.logins))
  print(store, measured)
  isGood &&= isKept(measured)
}
process.exit(isGood ? 0 : 1)

function isKept({ left, idle, ending }: Measured): boolean {
  return left === 0 && ending.worst <= Math.max(LONGEST_WAIT_MS, 2 * idle.worst)
}

function print(store: string, measured: Measured): void {
  const { attempts, seconds, left, idle, ending, memory, redisMemory } = measured
  console.log(`\n${store}: ${values.logins} logins, half of them logged out, one logout token`)
  console.log(`  all ended after ${seconds.toFixed(1)} s; logins left: ${left}`)
  console.log(`  the provider posted it ${attempts.length} times: ${attempts.join(', ')}`)
  for (const [when, { calls, median, late, worst, loop }] of [
    ['idle', idle],
    ['while they end', ending],
  ] as const) {
    const times = [median, late, worst, loop].map((ms) => `${ms.toFixed(1)} ms`)
    console.log(
      `  others, ${when}: ${calls} requests, median ${times[0]}, 99 % ${times[1]}, worst ${times[2]}; event loop held for ${times[3]}`,
    )
  }
  console.log(
    `  worst wait: ${(ending.worst / idle.worst).toFixed(1)} times that of the idle phase`,
  )
  console.log(`  heap, MiB: ${shown(memory)}`)
  if (redisMemory !== undefined) console.log(`  Redis, MiB: ${shown(redisMemory)}`)
}

function shown(memory: Readonly<Record<string, number>>): string {
  return Object.entries(memory)
    .map(([when, mebibytes]) => `${when} ${mebibytes.toFixed(1)}`)
    .join(', ')
}
