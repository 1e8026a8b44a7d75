import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { PAIRS } from '../redis-pairs.js'

const run = promisify(execFile)
const { dependencies } = JSON.parse(
  await readFile(new URL('../package.json', import.meta.url), 'utf8'),
)

/** `redis-4` of package.json as what a user installs: `redis@4.7.1`. */
function installed(alias) {
  return dependencies[alias].replace(/^npm:/, '')
}

/** The runner says where the packed package is. */
const skip = process.env.PACKED_PACKAGE === undefined && 'needs PACKED_PACKAGE'

describe('npm install, in an empty folder', { skip, concurrency: 4 }, () => {
  for (const [client, store] of PAIRS) {
    it(`takes the package beside ${installed(client)} and ${installed(store)}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'install-'))
      try {
        await writeFile(join(folder, 'package.json'), '{ "private": true }')
        const packages = ['express', 'express-session', 'passport', installed(client)]
        const args = [
          ...['install', '--dry-run', '--strict-peer-deps', '--prefer-offline'],
          // Whatever the npm that runs this test was told.
          '--loglevel=notice',
          ...['--no-audit', '--no-fund', process.env.PACKED_PACKAGE, installed(store), ...packages],
        ]
        const { stdout, stderr } = await run('npm', args, { cwd: folder })
        assert.match(stdout, /added \d+ packages/)
        assert.doesNotMatch(stderr, /ERESOLVE|overriding peer/)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  }
})
