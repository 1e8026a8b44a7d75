import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectAndCall } from '../conformance-client.js'
import { authScenarios, nodeOfTool, runScenario } from '../conformance-tool.js'

/** What is not this package's, and why. */
const OUT_OF_SCOPE = {
  'auth/client-credentials-basic': 'no person grants anything',
  'auth/client-credentials-jwt': 'no person grants anything',
  'auth/enterprise-managed-authorization': 'the company grants, by an assertion of its own server',
  'auth/wif-jwt-bearer': 'a workload proves what it is, no person grants anything',
  'auth/2025-03-26-oauth-endpoint-fallback':
    'the server has no metadata, so that nothing says that it protects the login by PKCE',
}

/** How it ends for the person where the server never has enough, or must not be trusted. */
const REFUSALS = {
  'auth/scope-retry-limit': 'Insufficient scope: required "mcp:admin"',
  'auth/resource-mismatch': 'ERR_NOT_CONNECTABLE other_resource',
  'auth/metadata-issuer-mismatch': 'ERR_NOT_CONNECTABLE other_issuer',
  'auth/iss-supported-missing': 'ERR_AUTHORIZATION_RESPONSE',
  'auth/iss-wrong-issuer': 'ERR_AUTHORIZATION_RESPONSE',
  'auth/iss-unexpected': 'ERR_AUTHORIZATION_RESPONSE',
  'auth/iss-normalized': 'ERR_AUTHORIZATION_RESPONSE',
}

const node = await nodeOfTool()
const scenarios = await authScenarios(node)

describe('the conformance tests of the Model Context Protocol', { concurrency: 3 }, () => {
  it('are those that this test knows', () => {
    const names = new Set(scenarios.map(({ name }) => name))
    const named = [...Object.keys(OUT_OF_SCOPE), ...Object.keys(REFUSALS)]
    assert.deepEqual(
      named.filter((name) => !names.has(name)),
      [],
    )
    const applied = new Set(scenarios.flatMap(({ appliesTo }) => appliesTo))
    assert.ok(applied.has('2025-11-25') && applied.has('2026-07-28') && applied.has('extension'))
  })

  for (const { name, appliesTo } of scenarios) {
    const skip = OUT_OF_SCOPE[name]
    for (const one of appliesTo) {
      it(`${name} (${one})`, { skip }, async () => {
        const { output, end } = await runScenario(node, name, one, connectAndCall)
        // A scenario that was not run says neither.
        assert.match(output, /OVERALL: PASSED/)
        assert.match(output, /Passed: (\d+)\/\1, 0 failed, 0 warnings/)
        assert.equal(end, REFUSALS[name] ?? 'connected')
      })
    }
  }
})
