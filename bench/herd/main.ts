/**
 * A herd: many grants are due within a second, and the provider answers slowly. Shows that no login is lost, that
 * requests whose token is still valid do not wait for the provider, and how many connections there are.
 *
 *     npm run bench:herd -- --grants 10000 --rate 300
 */
import { parseArgs } from 'node:util'
import { runHerd } from './run.js'

const { values } = parseArgs({
  options: {
    grants: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '300' },
  },
})
console.log(await runHerd({ grants: Number(values.grants), perSecond: Number(values.rate) }))
process.exit()
