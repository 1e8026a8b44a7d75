import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import type { Pool } from 'pg'
import type { RunningProgram } from '../../support/child-process.js'
import { blocksUnder } from '../../support/documentation.js'
import type { CodeBlock, Guide } from '../../support/documentation.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'
import { createMovableClock } from '../../support/movable-clock.js'
import type { MovableClock } from '../../support/movable-clock.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import type { PostgresProcess } from '../../support/postgres-process.js'
import { createGuideFolder } from './guide-folder.js'
import type { GuideFolder } from './guide-folder.js'

type Environment = Readonly<Record<string, string>>
type Blocks = readonly CodeBlock[]

/** What the tests of a guide to moving over share: the application, its database and its clock, new for each test. */
export interface MovingScene {
  /** The address of the application. */
  readonly url: string
  readonly pool: Pool
  /** The blocks under a heading of the guide. */
  readonly under: (heading: string) => Blocks
  /** Executes the first block of SQL under a heading. */
  readonly execute: (heading: string) => Promise<readonly object[]>
  /** Writes files over those that are there, without a restart. */
  readonly write: (...files: readonly Blocks[]) => Promise<void>
  /** Ends the version that runs, writes files, and starts the application again. */
  readonly deploy: (...files: readonly Blocks[]) => Promise<void>
  /** Ends the version that runs. */
  readonly stop: () => Promise<void>
  /** Runs a script to its end, and resolves to what it printed. */
  readonly run: (script: string) => Promise<string>
  /** Puts the clock of the application forward by an hour. */
  readonly passAnHour: () => Promise<void>
  /** By how many **milliseconds** that clock is ahead. */
  readonly ahead: () => number
}

/**
 * Sets the scene. Its database has the tables of the first block of SQL under “Before”.
 *
 * @param environment what the application needs beside its database and its secrets, for each test
 */
export function setMovingScene(
  guide: Guide,
  postgres: string,
  environment: () => Environment,
): MovingScene {
  let server: PostgresProcess
  let clock: MovableClock
  let folder: GuideFolder
  let pool: Pool
  let own: Environment
  let app: RunningProgram | undefined
  let databases = 0
  let ahead = 0

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    clock = await createMovableClock()
  })
  beforeEach(async () => {
    databases += 1
    await server.connect().query(`CREATE DATABASE moving_${databases}`)
    const connectionString = server.url.replace(/\w+$/, `moving_${databases}`)
    pool = server.connect({ connectionString })
    folder = await createGuideFolder()
    own = {
      DATABASE_URL: connectionString,
      GRANT_SECRET,
      SESSION_SECRET: 'a secret of a test',
    }
    await scene.execute('Before')
  })
  afterEach(async () => {
    await scene.stop()
    await folder.remove()
  })
  afterAll(async () => {
    await clock.remove()
    await server.close()
  })

  function whole(): Environment {
    const given = environment()
    const options = [clock.environment['NODE_OPTIONS'], given['NODE_OPTIONS'] ?? '']
    return { ...own, ...given, NODE_OPTIONS: options.join(' ') }
  }

  const scene: MovingScene = {
    get url() {
      return folder.url
    },
    get pool() {
      return pool
    },
    under: (heading) => blocksUnder(heading, guide),
    async execute(heading) {
      const sql = scene.under(heading).find(({ language }) => language === 'text')
      if (sql === undefined) throw new Error(`There is no SQL under ${heading}.`)
      const { rows } = await pool.query<object>(sql.code)
      return rows
    },
    async write(...files) {
      for (const blocks of files) await folder.write(blocks)
    },
    async deploy(...files) {
      await scene.stop()
      await scene.write(...files)
      app = await folder.start(whole())
    },
    async stop() {
      await app?.stop()
      app = undefined
    },
    run: (script) => folder.run(script, whole()),
    async passAnHour() {
      ahead += 3_600_000
      await clock.putForward(ahead)
    },
    ahead: () => ahead,
  }
  return scene
}
