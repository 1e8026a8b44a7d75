import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { REPOSITORY } from '../../support/repository.js'
import type * as Engine from './engine.js'
import type { Theme } from './themes.js'

/** A change of one file in `src/grants` that removes a rule. */
export interface Change {
  readonly file: string
  /** Must be in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** The engine without one of the rules of renewal, or a part of one. */
export interface Mutant {
  readonly rule: number
  readonly name: string
  readonly changes: readonly Change[]
  /** The world that shows it, in which the engine as it is passes. Without one, `try-mutants.ts` looks for it. */
  readonly seed?: number
  /** In which worlds it shows, unless it does in all. */
  readonly theme?: Theme
}

function change(file: string, find: string, replace: string): Change {
  return { file: `${file}.ts`, find, replace }
}

/** Each of the nine rules removed, in one or several ways. */
export const MUTANTS: readonly Mutant[] = [
  {
    rule: 1,
    name: 'takes over without waiting for the whole lease',
    seed: 53,
    changes: [change('mark-keeper', ' && watched.countedAt - watched.since >= LEASE_MS', '')],
  },
  {
    rule: 1,
    name: 'takes over after two looks with an outage between them',
    theme: 'outage',
    seed: 39,
    changes: [
      change('mark-keeper', 'watched.looks >= TAKEOVER_LOOKS && ', ''),
      change('cell', ' || at > watched.seenAt + LONGEST_GAP_MS', ''),
    ],
  },
  {
    rule: 1,
    name: 'takes over while the token is usable',
    theme: 'background',
    seed: 16,
    changes: [change('renewal', "if (isUsable(cell, line, use)) return over('busy')", '')],
  },
  {
    rule: 2,
    name: 'sends without a look at its mark',
    seed: 117,
    changes: [change('renewal', 'if (isPaused || !keeper.isFresh()) throw', 'if (isPaused) throw')],
  },
  {
    rule: 2,
    name: 'trusts the monotonic clock alone',
    theme: 'sleep',
    seed: 3,
    changes: [change('mark-keeper', ' && wall < LEASE_MS / 2', '')],
  },
  {
    rule: 2,
    name: 'sends although it has seen that the record does not wait for it',
    theme: 'two answers',
    seed: 53,
    changes: [
      change('mark-keeper', 'if (record !== undefined && !isMine(record)) return false', ''),
    ],
  },
  {
    rule: 2,
    name: 'does not repeat an unclear mark',
    theme: 'losses',
    seed: 102,
    changes: [
      change(
        'grant-cells',
        'await set().catch(() => undefined)',
        '(await set()) as boolean | undefined',
      ),
      change('mark-keeper', 'beat(REPEAT_MS)', 'beat()'),
    ],
  },
  {
    rule: 3,
    name: 'brings closed lines back',
    seed: 2,
    changes: [
      change(
        'restored-record',
        'return record.closed.includes(id) || number + MAXIMUM_CLOSED <= record.lastLine',
        'return number < 0 && record.closed.includes(id)',
      ),
    ],
  },
  {
    rule: 3,
    name: 'forgets in a failover which lines are closed',
    seed: 1016796,
    changes: [
      change(
        'restored-record',
        'return withLines(withClosed(found, remembered), remembered)',
        'return withLines(found, remembered)',
      ),
    ],
  },
  {
    rule: 3,
    name: 'numbers each login from one',
    seed: 12,
    changes: [change('grant-record', 'const number = record.lastLine + 1', 'const number = 1')],
  },
  {
    rule: 4,
    name: 'takes an answer for stored because an earlier look has seen it',
    seed: 50043416,
    changes: [change('answers', '} else if (isFresh) {', '} else {')],
  },
  {
    rule: 4,
    name: 'discards an answer that the store does not take',
    seed: 12,
    changes: [
      change(
        'answers',
        'if (stored === undefined) void offer(cell, answer, isMine, ways)',
        'if (stored === undefined) cell.answers.delete(answer)',
      ),
    ],
  },
  {
    rule: 4,
    name: 'keeps the first of two answers',
    theme: 'two answers',
    seed: 81,
    changes: [
      change(
        'grant-record',
        '(one.generation === other.generation && one.underMark > other.underMark)',
        'false',
      ),
    ],
  },
  {
    rule: 4,
    name: 'stops listening after ten seconds',
    seed: 12,
    changes: [change('renewal', 'const LISTENED_MS = 5 * 60_000', 'const LISTENED_MS = 10_000')],
  },
  {
    rule: 4,
    name: 'releases its mark while the answer is stored',
    changes: [change('renewal', '      late.cancel()\n      // Not', '      // Not')],
  },
  {
    rule: 4,
    name: 'lets callers wait for ever',
    seed: 63,
    changes: [change('fresh-line', 'within(clock, leftMs, ', 'within(clock, leftMs + 1e9, ')],
  },
  {
    rule: 5,
    name: 'refuses what another process has renewed',
    theme: 'refusal',
    seed: 4,
    changes: [change('renewal', 'if (isNewer(line, sent)) return line', '')],
  },
  {
    rule: 5,
    name: 'ignores an answer after a refusal',
    seed: 31,
    changes: [
      change(
        'grant-record',
        'if (!isNewer(answer, present)) return undefined',
        'if (!isNewer(answer, present) || present.refused !== undefined) return undefined',
      ),
    ],
  },
  {
    rule: 6,
    name: 'ends without a tombstone',
    seed: 12,
    changes: [
      change('grant-record', '    endedAt: at,\n    lines: [],', '    lines: [],'),
      change('grant-record', 'closed: closedWith(record.closed, record.lines),', ''),
    ],
  },
  {
    rule: 6,
    name: 'writes an answer over a tombstone',
    seed: 69,
    changes: [
      change(
        'answers',
        'const record = restored(look.record, answer.base)',
        'const record = look.record?.endedAt === undefined ? restored(look.record, answer.base) : answer.base',
      ),
    ],
  },
  {
    rule: 6,
    name: 'revokes an answer to a login that came after the end',
    changes: [
      change(
        'grant-engine',
        '[...answers].filter(({ line }) => lineOf(record, line) !== undefined)',
        '[...answers]',
      ),
    ],
  },
  {
    rule: 6,
    name: 'hides a login with an end that the store refuses',
    changes: [
      change(
        'grant-cells',
        'cell.seen = { ...latest, record: restored(latest.record, next) }',
        'cell.seen = { version: latest.version, record: next, ...moment() }',
      ),
    ],
  },
  {
    rule: 7,
    name: 'remembers nothing',
    seed: 50,
    changes: [
      change(
        'grant-cells',
        'return clock.monotonic() < accepted.until ? accepted.record : undefined',
        'return undefined',
      ),
    ],
  },
  {
    rule: 7,
    name: 'writes what it remembers over a tombstone',
    seed: 12,
    changes: [
      change(
        'restored-record',
        'if (hasEnded(found)) return found',
        'if (hasEnded(found)) return remembered',
      ),
    ],
  },
  {
    rule: 7,
    name: 'does not look again after a failed call',
    theme: 'failover',
    seed: 15,
    changes: [change('grant-cells', 'else if (isTroubled && !isRechecking) void recheck()', '')],
  },
  {
    rule: 7,
    name: 'gives up looking again if one of the looks fails',
    seed: 90012622,
    changes: [
      change('grant-cells', 'while (isTroubled) {', 'for (let once = true; once; once = false) {'),
    ],
  },
  {
    rule: 6,
    name: 'does not note that an undone login is over',
    theme: 'undone',
    seed: 10,
    changes: [change('drop-line', 'closed: closedWith(record.closed, [line]),', '')],
  },
  {
    rule: 6,
    name: 'forgets an undone login that the store has not taken',
    theme: 'undone',
    seed: 45,
    changes: [change('drop-line', 'cells.insist(cell, look, next)', '')],
  },
  {
    rule: 6,
    name: 'takes the other logins out with an undone one',
    theme: 'undone',
    seed: 33,
    changes: [change('drop-line', 'if (lines.length === 0)', 'if (lines.length < 5)')],
  },
  {
    rule: 8,
    name: 'remembers no failure',
    seed: 416,
    changes: [
      change('renewal', 'await keeper.release(() => noted)', 'await keeper.release()'),
      change('renewal', 'cell.trouble = { line: line.id, attempts, until, error }', ''),
    ],
  },
  {
    rule: 8,
    name: 'tells no other process of a failure',
    theme: 'pauses',
    seed: 7,
    changes: [change('renewal', 'await keeper.release(() => noted)', 'await keeper.release()')],
  },
  {
    rule: 8,
    name: 'forgets a failure with an answer that came before it',
    changes: [change('grant-record', 'record.failure?.id === answer.base.failure?.id', 'true')],
  },
  {
    rule: 8,
    name: 'trusts the clock of the process that noted the failure',
    theme: 'clocks',
    seed: 2,
    changes: [
      change(
        'refresh-failure',
        'now >= failure.since + noted.forMs || left <= 0 || left > noted.forMs',
        'left <= 0',
      ),
    ],
  },
  {
    rule: 9,
    name: 'hands out a token although storing it has shown an end',
    theme: 'ends',
    seed: 39,
    changes: [
      change(
        'answers',
        'if (isGone(stored) || hasGone) throw',
        'if (isGone(stored)) return answeredLine(answer)\n      if (hasGone) throw',
      ),
    ],
  },
  {
    rule: 8,
    name: 'sends although an earlier request has failed meanwhile',
    seed: 2102756,
    changes: [
      change('renewal', 'if (isPaused || !keeper.isFresh()) throw', 'if (!keeper.isFresh()) throw'),
    ],
  },
  {
    rule: 8,
    name: 'takes a look that its own write has overtaken for news',
    seed: 315952,
    changes: [
      change('cell', 'replaced !== undefined && at < replaced.at && version', 'false && version'),
    ],
  },
  {
    rule: 9,
    name: 'shows what it knows to be over with a late look',
    theme: 'slow looks',
    seed: 197,
    changes: [
      change(
        'cell',
        'isOutdated(cell, cell.seen, seen)) return cell.seen',
        'isOutdated(cell, cell.seen, seen)) return seen',
      ),
    ],
  },
  {
    rule: 9,
    name: 'caches a token that is not stored',
    seed: 23,
    changes: [
      change(
        'answers',
        'if (stored === undefined) void offer(cell, answer, isMine, ways)',
        `if (stored === undefined) {
          void offer(cell, answer, isMine, ways)
          const record = withAnswer(restored(cell.seen?.record, answer.base), answer, isMine) ?? answer.base
          cell.seen = { version: cell.seen?.version, record, at: clock.monotonic(), wall: clock.now() }
        } // `,
      ),
    ],
  },
  {
    rule: 9,
    name: 'counts the cache from the answer to a look',
    theme: 'slow looks',
    seed: 33,
    changes: [
      change(
        'grant-cells',
        'return { version: stored.version, record, ...asked }',
        'return { version: stored.version, record, ...moment() }',
      ),
    ],
  },
]

const FOLDER = join(REPOSITORY, 'node_modules', '.cache', 'mutants')

/**
 * Builds the engine with these changes, and loads it.
 *
 * @throws {Error} if the text of a change is not in its file exactly once
 */
export async function buildMutant({ name, changes }: Mutant): Promise<typeof Engine> {
  await mkdir(FOLDER, { recursive: true })
  const outfile = join(FOLDER, `${name.replaceAll(' ', '-')}-${process.pid}.mjs`)
  const isApplied = new Set<Change>()
  await build({
    entryPoints: [join(REPOSITORY, 'test/grants/simulation/engine.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2023',
    logLevel: 'error',
    plugins: [
      {
        name: 'mutation',
        setup(plugin) {
          plugin.onLoad({ filter: /src[/\\]grants[/\\][\w-]+\.ts$/ }, async ({ path }) => {
            let contents = await readFile(path, 'utf8')
            for (const one of changes) {
              if (!path.endsWith(`grants/${one.file}`)) continue
              const parts = contents.split(one.find)
              if (parts.length !== 2) {
                throw new Error(`${one.file} has ${parts.length - 1} times: ${one.find}`)
              }
              contents = parts.join(one.replace)
              isApplied.add(one)
            }
            return { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  const missed = changes.find((one) => !isApplied.has(one))
  if (missed !== undefined) throw new Error(`${missed.file} is not part of the engine.`)
  return (await import(pathToFileURL(outfile).href)) as typeof Engine
}
