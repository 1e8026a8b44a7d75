import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { bundle } from '../../support/bundle.js'
import { REPOSITORY } from '../../support/repository.js'
import type { Answer, AppSettings, Message, Question } from './messages.js'

/** The application in its process. */
export interface AttackedApp {
  readonly origin: string
  /** Asks the application beside HTTP. Rejects if it has ended. */
  ask(question: Question): Promise<Answer>
  stop(): Promise<void>
}

/** Called with what must not happen: what it is, and what is known about it. */
export type Wrong = (wrong: string, why: string) => void

/** Starts the application on a free port. */
export async function startAttackedApp(
  settings: AppSettings,
  onWrong: Wrong,
): Promise<AttackedApp> {
  const child = fork(bundleWithFewRecords(), {
    cwd: REPOSITORY,
    execArgv: ['--expose-gc'],
    env: { PATH: process.env['PATH'], SOAK: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let isStopping = false
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      onWrong('the application has printed something', chunk.toString())
    })
  }
  const ended = once(child, 'close')
  void ended.then(([code, signal]) => {
    if (!isStopping) onWrong('the process has ended', `${String(code ?? signal)}\n${output}`)
  })

  let asked = 0
  const waiting = new Map<number, (answer: Answer) => void>()
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: Message) => {
      if ('port' in message) resolve(message.port)
      else if ('wrong' in message) onWrong(message.wrong, message.why)
      else {
        waiting.get(message.answered)?.(message.answer)
        waiting.delete(message.answered)
      }
    })
    ended.then(() => reject(new Error(`It ended before it was ready:\n${output}`)), reject)
  })

  return {
    origin: `http://127.0.0.1:${port}`,
    ask(question) {
      asked += 1
      const id = asked
      return new Promise((resolve, reject) => {
        void ended.then(() => reject(new Error('The process has ended')))
        waiting.set(id, resolve)
        child.send({ id, question }, (error) => {
          if (error !== null) reject(error)
        })
      })
    },
    async stop() {
      isStopping = true
      child.kill('SIGKILL')
      await ended
    },
  }
}

/**
 * The application's bundle, in which a process remembers a thousand records rather than a hundred thousand: what it
 * remembers on purpose would hide for an hour whether it grows for another reason.
 */
function bundleWithFewRecords(): string {
  const file = bundle('test/fuzz/soak/app.ts')
  const text = readFileSync(file, 'utf8')
  const limit = /(MAXIMUM_RECORDS\s*=\s*)1e5/
  if (!limit.test(text)) throw new Error('src/grants/grants.ts has no MAXIMUM_RECORDS of 100,000')
  writeFileSync(file, text.replace(limit, '$11000'))
  return file
}
