import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import express from 'express'

const run = promisify(execFile)

const tool = pathOf('node_modules/@modelcontextprotocol/conformance/dist/index.js')
const askForClient = pathOf('apps/ask-for-client.js')

/** The Node.js that the tool needs. Our own side runs with that of the tests. */
const NEEDED_MAJOR = 22

/** The Node.js that runs the tool: the one of the tests, or a newer one from npm. */
export async function nodeOfTool() {
  const [major] = process.versions.node.split('.').map(Number)
  if (major >= NEEDED_MAJOR) return process.execPath
  const { stdout } = await run('npx', ['-y', 'node@24', '-p', 'process.execPath'])
  return stdout.trim()
}

/**
 * The scenarios for clients that are about authorization, each with what it applies to: revisions such as `2025-11-25`,
 * or `extension`.
 */
export async function authScenarios(node) {
  const { stdout } = await run(node, [tool, 'list', '--client'])
  const lines = stdout.matchAll(/^ +- (auth\/\S+) \[(.+)\]$/gm)
  return [...lines].map(([, name, appliesTo]) => ({ name, appliesTo: appliesTo.split(',') }))
}

/**
 * Runs a scenario.
 *
 * @param appliesTo a revision of the protocol, or `extension`
 * @param connect plays the client: resolves to how that ended, `connected` or why not
 * @returns what the tool has printed, and how it ended for the client
 */
export async function runScenario(node, name, appliesTo, connect) {
  let end = 'was not asked'
  const app = express()
  app.post('/', express.json(), async (req, res) => {
    end = await connect(req.body)
    res.send(end)
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${server.address().port}/`
  const revision = appliesTo === 'extension' ? [] : ['--spec-version', appliesTo]
  const command = `${process.execPath} ${askForClient} ${address}`
  try {
    const args = [tool, 'client', '--scenario', name, ...revision, '--command', command]
    return { output: await outputOf(node, args), end }
  } finally {
    server.close()
  }
}

/** What a program prints, also if it fails. */
async function outputOf(program, args) {
  const { stdout, stderr } = await run(program, args).catch((error) => error)
  return `${stdout}\n${stderr}`
}

function pathOf(file) {
  return fileURLToPath(new URL(file, import.meta.url))
}
