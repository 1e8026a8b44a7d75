// What the conformance tests start as the client. Its work is done by the process of the test, which it asks by HTTP: a
// client of its own for each scenario would take most of the time to load its packages.
const [testAddress, serverAddress] = process.argv.slice(2)
const { MCP_CONFORMANCE_PROTOCOL_VERSION: revision, MCP_CONFORMANCE_CONTEXT: known } = process.env

const answer = await fetch(testAddress, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ serverAddress, revision, known: JSON.parse(known ?? '{}') }),
})
const end = await answer.text()
console.log(end)
process.exitCode = end === 'connected' ? 0 : 1
