import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { examine } from '../../src/cli/doctor.js'
import type { Finding } from '../../src/cli/finding.js'
import { listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'

describe('doctor at a provider with a page', () => {
  let server: RunningServer
  let status = 400
  let text = ''

  beforeAll(async () => {
    server = await listen((_request, response) => response.writeHead(status).end(text))
  })
  afterAll(() => server.close())

  async function found(): Promise<Finding | undefined> {
    const options = {
      authorizationURL: `${server.origin}/authorize`,
      tokenURL: `${server.origin}/token`,
      clientID: 'c',
      clientSecret: 's',
      callbackURL: 'https://app.example/auth/callback',
    }
    const findings = await examine({ loadOptions: () => Promise.resolve(options) })
    return findings.find(({ check }) => check === 'authorization')
  }

  // Whatever reads one of these again from each of its characters takes minutes.
  it.each<[string, string]>([
    ['that opens tags and closes none', '<'.repeat(1_000_000)],
    ['that opens scripts and closes none', '<script '.repeat(125_000)],
    ['that closes scripts with spaces', `<script>${'</script '.repeat(110_000)}`],
    ['that opens forms and closes none', '<form '.repeat(170_000)],
    ['whose error is one long word', JSON.stringify({ error: 'a'.repeat(1_000_000) })],
    [
      'whose description is one long word',
      JSON.stringify({ error: 'x', error_description: 'a'.repeat(1_000_000) }),
    ],
  ])('%s', async (_, hostile) => {
    ;[status, text] = [400, hostile]
    const finding = await found()
    expect(finding).toMatchObject({ status: 'failed', seen: expect.stringContaining('HTTP 400') })
    expect(finding?.seen.length).toBeLessThan(500)
  })

  it('that has characters which do not exist', async () => {
    ;[status, text] = [200, '<form action="&#xffffff;&#999999;"><h1>Log in</h1></form>']
    expect(await found()).toMatchObject({ status: 'ok' })
  })
})
